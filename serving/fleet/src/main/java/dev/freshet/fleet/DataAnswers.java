package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.trace.EventLog;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the data listeners of several replicas at once, on threads of its own connections. */
final class DataAnswers {
  private static final Logger LOG = LoggerFactory.getLogger(DataAnswers.class);

  private final Parallel parallel;
  private final AdminDeadlines deadlines;
  private final EventLog silent;

  /**
   * @param deadline for each answer
   */
  DataAnswers(Parallel parallel, Duration deadline, EventLog events) {
    this.parallel = parallel;
    this.deadlines = AdminDeadlines.all(deadline);
    this.silent = events.unlogged();
  }

  /**
   * The answers by replica, in the order of {@code addresses}; without those that answer an error
   * or not in time.
   *
   * @param token authenticates the client that asks
   */
  CompletableFuture<Map<ServerAddress, byte[]>> ask(
      List<ServerAddress> addresses, String route, Optional<AdminToken> token) {
    CompletableFuture<Map<ServerAddress, byte[]>> result = new CompletableFuture<>();
    if (!parallel.begin(() -> result.complete(answers(addresses, route, token)))) {
      result.complete(Map.of());
    }
    return result;
  }

  private Map<ServerAddress, byte[]> answers(
      List<ServerAddress> addresses, String route, Optional<AdminToken> token) {
    Map<ServerAddress, byte[]> answers = new ConcurrentHashMap<>();
    try {
      parallel.forEach(
          addresses,
          address -> answer(address, route, token).ifPresent(b -> answers.put(address, b)));
    } catch (InterruptedException | FleetException e) {
      LOG.debug("{}: not every replica was asked", route);
    }
    Map<ServerAddress, byte[]> ordered = new LinkedHashMap<>();
    for (ServerAddress address : addresses) {
      byte[] body = answers.get(address);
      if (body != null) {
        ordered.put(address, body);
      }
    }
    return ordered;
  }

  private Optional<byte[]> answer(ServerAddress address, String route, Optional<AdminToken> token) {
    try (AdminClient data = new AdminClient(address.data(), deadlines, silent, token)) {
      return Optional.of(data.get(route).body());
    } catch (AdminException e) {
      LOG.debug("{}{}: {}", address.data(), route, OneLine.of(e));
      return Optional.empty();
    }
  }
}

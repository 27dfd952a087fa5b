package dev.freshet.client;

import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Wait;
import dev.freshet.wire.AdminToken;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Asks roles in other processes for their open waits.
 *
 * @param listeners the root of each role's listener; of a server, its admin listener
 * @param token the servers' admin token
 */
public record RemoteWaits(List<URI> listeners, Optional<AdminToken> token) {
  private static final Duration DEADLINE = Duration.ofSeconds(3);
  private static final AdminDeadlines DEADLINES = AdminDeadlines.all(DEADLINE);

  public RemoteWaits {
    listeners = List.copyOf(listeners);
  }

  /**
   * The open waits of all roles that answer.
   *
   * @param unreachable receives one line for each role that did not answer
   */
  public List<Wait> ask(Consumer<String> unreachable) throws InterruptedException {
    List<Wait> waits = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().name("freshet-waits-", 0).daemon().factory())) {
      List<Future<List<Wait>>> asked =
          listeners.stream().map(role -> threads.submit(() -> ask(role))).toList();
      for (Future<List<Wait>> answer : asked) {
        try {
          waits.addAll(answer.get());
        } catch (ExecutionException e) {
          unreachable.accept(reason(e));
        }
      }
    }
    return waits;
  }

  private List<Wait> ask(URI role) {
    try (AdminClient client =
        new AdminClient(role, DEADLINES, EventLog.silent(MonotonicClock.SYSTEM), token)) {
      return client.waits();
    }
  }

  private static String reason(ExecutionException e) {
    if (e.getCause() instanceof AdminException known) {
      return String.valueOf(known.getMessage());
    }
    throw new IllegalStateException(e.getCause());
  }
}

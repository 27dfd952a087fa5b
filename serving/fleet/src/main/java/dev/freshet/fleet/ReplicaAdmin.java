package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.UpdateWeightsRequest;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The admin lane to one server, used in the dialect of its program. Owns the client. */
public final class ReplicaAdmin implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaAdmin.class);
  private static final Duration FIRST_WAIT = Duration.ofMillis(250);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

  private final AdminClient client;
  private final Dialect dialect;

  /**
   * @param admin the root of the server's admin listener
   */
  public ReplicaAdmin(
      URI admin,
      Dialect dialect,
      AdminDeadlines deadlines,
      Optional<AdminToken> token,
      EventLog events) {
    this.client = new AdminClient(admin, deadlines, events, token);
    this.dialect = dialect;
  }

  /** The deadlines of a single try of an update that may take {@code within} in all: half of it. */
  public static AdminDeadlines deadlines(Duration within) {
    AdminDeadlines usual = AdminDeadlines.DEFAULT;
    return new AdminDeadlines(
        usual.connect(), usual.write(), within.dividedBy(2), usual.pause(), usual.probe());
  }

  /** The root of the server's admin listener. */
  public URI server() {
    return client.server();
  }

  /** The lane, for calls that are the same for every program. */
  public AdminClient client() {
    return client;
  }

  /** The policy version that the server generates with; empty if it does not report a number. */
  public OptionalLong servingVersion() {
    return dialect.servingVersion(client);
  }

  /**
   * Updates once.
   *
   * @throws AdminException if the server refused it, failed, or did not answer in time
   */
  public AdminResult update(UpdateWeightsRequest request, TraceId trace) {
    return dialect.update(client, request, trace);
  }

  /**
   * Updates, and tries again after transport errors and 5xx under the same trace id, so that a try
   * joins an update that still runs. A 4xx is a refusal and is not tried again. A program that does
   * not join repeated updates is tried again only if the try before never reached it. The last try
   * begins within the first half of {@code within}.
   *
   * @throws AdminException the error of the last try
   */
  public AdminResult update(UpdateWeightsRequest request, TraceId trace, Duration within)
      throws InterruptedException {
    long lastStart = client.clock().nanos() + within.toNanos() / 2;
    Duration wait = FIRST_WAIT;
    while (true) {
      try {
        return update(request, trace);
      } catch (AdminException e) {
        boolean refused = e.status() >= 400 && e.status() < 500;
        // The server may still be loading, or answers 500 to what it will never load.
        boolean begun = !dialect.joinsRepeatedUpdates() && !e.neverHandled();
        if (refused || begun || client.clock().nanos() + wait.toNanos() > lastStart) {
          throw e;
        }
        LOG.warn("trying update {} again: {}", trace, e.getMessage());
      }
      Thread.sleep(wait);
      Duration twice = wait.multipliedBy(2);
      wait = twice.compareTo(LONGEST_WAIT) < 0 ? twice : LONGEST_WAIT;
    }
  }

  @Override
  public void close() {
    client.close();
  }
}

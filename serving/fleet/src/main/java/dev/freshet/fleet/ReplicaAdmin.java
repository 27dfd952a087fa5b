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

/**
 * The admin lane to one server, in the dialect of its program, with retries of weight updates. Owns
 * the client.
 */
public final class ReplicaAdmin implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaAdmin.class);
  private static final Duration FIRST_BACKOFF = Duration.ofMillis(250);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(2);

  /** How long before the deadline the last try begins, at the latest. */
  private static final Duration LAST_TRY = Duration.ofSeconds(1);

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

  /** The root of the server's admin listener. */
  public URI server() {
    return client.server();
  }

  /** The client, for calls that every program answers alike. */
  public AdminClient client() {
    return client;
  }

  /** The policy version that the server generates with; empty if it does not report a number. */
  public OptionalLong servingVersion() {
    return dialect.servingVersion(client);
  }

  /**
   * Updates once, within the client's deadline for updates.
   *
   * @throws AdminException if the server refused it, failed, or did not answer in time
   */
  public AdminResult update(UpdateWeightsRequest request, TraceId trace) {
    return dialect.update(client, request, trace, client.deadlines().update());
  }

  /**
   * Updates, and retries after transport errors and 5xx under the same trace id, so that a retry
   * joins an update that is still running. A 4xx is a refusal and is not retried. A program that
   * does not join repeated updates is retried only if the previous try never reached it. Tries
   * begin until one second before the deadline; each may take all the time that is left.
   *
   * @param within the deadline of all tries together
   * @throws AdminException the error of the last try
   * @throws InterruptedException if the thread is interrupted, at once
   */
  AdminResult update(UpdateWeightsRequest request, TraceId trace, Duration within)
      throws InterruptedException {
    long end = client.clock().nanos() + within.toNanos();
    Duration backoff = FIRST_BACKOFF;
    while (true) {
      try {
        return dialect.update(client, request, trace, left(end));
      } catch (AdminException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException(e.getMessage());
        }
        Duration wait = min(backoff, left(end).minus(LAST_TRY));
        if (!mayRetry(e) || !wait.isPositive()) {
          throw e;
        }
        LOG.warn("retrying update {} in {} ms: {}", trace, wait.toMillis(), e.getMessage());
        Thread.sleep(wait);
      }
      backoff = min(backoff.multipliedBy(2), MAX_BACKOFF);
    }
  }

  private boolean mayRetry(AdminException error) {
    boolean refused = error.status() >= 400 && error.status() < 500;
    boolean closed = error.code().equals("shut_down");
    // The server may still be loading, or answers 500 to a checkpoint that it can never load.
    boolean begun = !dialect.joinsRepeatedUpdates() && !error.neverHandled();
    return !refused && !closed && !begun;
  }

  private Duration left(long endNanos) {
    return Duration.ofNanos(endNanos - client.clock().nanos());
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  @Override
  public void close() {
    client.close();
  }
}

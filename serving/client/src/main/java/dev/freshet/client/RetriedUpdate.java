package dev.freshet.client;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A weight update that is tried again after transport errors and 5xx, always under the same trace
 * id, so that a try joins an update that still runs and never starts it twice. After 4xx it is not
 * tried again: the server has understood, and refuses. Of a server that is not Freshet's only a try
 * that never reached it is repeated.
 */
public final class RetriedUpdate {
  private static final Logger LOG = LoggerFactory.getLogger(RetriedUpdate.class);
  private static final Duration FIRST_WAIT = Duration.ofMillis(250);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

  private RetriedUpdate() {}

  /** The deadlines of a single try: it may take half of {@code within}. */
  public static AdminDeadlines deadlines(Duration within) {
    return new AdminDeadlines(
        AdminDeadlines.DEFAULT.connect(),
        AdminDeadlines.DEFAULT.write(),
        within.dividedBy(2),
        AdminDeadlines.DEFAULT.pause(),
        AdminDeadlines.DEFAULT.probe());
  }

  /**
   * Carries the update out. The last try begins within the first half of {@code within}.
   *
   * @throws AdminException the last try's
   */
  public static AdminResult run(
      AdminClient server,
      UpdateWeightsRequest request,
      TraceId trace,
      Duration within,
      MonotonicClock clock)
      throws InterruptedException {
    long lastStart = clock.nanos() + within.toNanos() / 2;
    Duration wait = FIRST_WAIT;
    while (true) {
      try {
        return server.updateWeights(request, trace);
      } catch (AdminException e) {
        boolean refused = e.status() >= 400 && e.status() < 500;
        // A peer may still be loading, or answers 500 to what it will never load.
        boolean begun = server.kind() != ServerKind.FRESHET && !e.neverHandled();
        if (refused || begun || clock.nanos() + wait.toNanos() > lastStart) {
          throw e;
        }
        LOG.warn("update {} is tried again: {}", trace, e.getMessage());
      }
      Thread.sleep(wait);
      Duration twice = wait.multipliedBy(2);
      wait = twice.compareTo(LONGEST_WAIT) < 0 ? twice : LONGEST_WAIT;
    }
  }
}

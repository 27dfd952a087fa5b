package dev.freshet.orchestrator;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.UpdateMode;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The weight update of one server: tried again after transport errors and 5xx, always under the
 * same trace id, so that a try joins an update that still runs and never starts it twice; not tried
 * again after 4xx.
 */
final class UpdateAttempts {
  private static final Logger LOG = LoggerFactory.getLogger(UpdateAttempts.class);
  private static final Duration FIRST_WAIT = Duration.ofMillis(250);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

  private UpdateAttempts() {}

  /** A try may take half of {@code updateDeadline} and begins only within the first half. */
  static AdminDeadlines deadlines(Duration updateDeadline) {
    return new AdminDeadlines(
        AdminDeadlines.DEFAULT.connect(),
        AdminDeadlines.DEFAULT.write(),
        updateDeadline.dividedBy(2),
        AdminDeadlines.DEFAULT.probe());
  }

  static ServerUpdate run(
      InferenceServer server,
      Path dir,
      long step,
      TraceId trace,
      Duration updateDeadline,
      MonotonicClock clock)
      throws InterruptedException {
    long lastStart = clock.nanos() + updateDeadline.toNanos() / 2;
    Duration wait = FIRST_WAIT;
    while (true) {
      String why;
      try {
        AdminResult result = server.admin().updateWeights(dir, step, UpdateMode.KEEP, trace);
        if (result.weightVersion().equals(Long.toString(step))) {
          return new ServerUpdate.Acknowledged(server.address(), step, result.timings());
        }
        why =
            "%s acknowledged version %s: expected %d"
                .formatted(server.address().admin(), result.weightVersion(), step);
      } catch (AdminException e) {
        if (e.status() >= 400 && e.status() < 500) {
          return new ServerUpdate.Refused(server.address(), step, OrchestratorException.reason(e));
        }
        why = OrchestratorException.reason(e);
      }
      if (clock.nanos() + wait.toNanos() > lastStart) {
        return new ServerUpdate.Failed(server.address(), step, why);
      }
      LOG.warn("update {} to version {} is tried again: {}", trace, step, why);
      Thread.sleep(wait);
      wait = wait.multipliedBy(2).compareTo(LONGEST_WAIT) < 0 ? wait.multipliedBy(2) : LONGEST_WAIT;
    }
  }
}

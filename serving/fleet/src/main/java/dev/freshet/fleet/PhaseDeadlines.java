package dev.freshet.fleet;

import dev.freshet.client.AdminDeadlines;
import java.time.Duration;

/**
 * How long each phase of an update may take on a replica. A load of the largest models takes more
 * than an hour.
 *
 * @param prepare making the weights ready beside the traffic
 * @param pause pausing, which in mode drain waits for running completions; also resuming
 * @param apply loading or swapping the weights, or returning to the version before
 * @param ask asking what it serves
 */
public record PhaseDeadlines(Duration prepare, Duration pause, Duration apply, Duration ask) {
  /** The same for every phase, but at most 10 s to ask. */
  public static PhaseDeadlines all(Duration each) {
    Duration ask = Duration.ofSeconds(10);
    return new PhaseDeadlines(each, each, each, each.compareTo(ask) < 0 ? each : ask);
  }

  /** The deadlines of single calls. */
  AdminDeadlines ofCalls() {
    AdminDeadlines each = AdminDeadlines.DEFAULT;
    return new AdminDeadlines(each.connect(), each.write(), apply, pause, ask);
  }

  public PhaseDeadlines {
    for (Duration deadline : new Duration[] {prepare, pause, apply, ask}) {
      if (!deadline.isPositive()) {
        throw new IllegalArgumentException("phase deadline: expected more than 0, got " + deadline);
      }
    }
  }
}

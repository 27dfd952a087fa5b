package dev.freshet.analysis;

import java.util.EnumMap;
import java.util.Map;

/**
 * Notices in one source that another run began: a clock or a step that goes back. Each kind of
 * reading is followed by itself; the source has as many runs as the kind that went back most often.
 */
final class RunCounter {
  /** What lines carry that only grows within a run. */
  enum Kind {
    CLIENT_CLOCK(1),
    SERVER_CLOCK(1),
    WRITTEN_STEP(0),
    AWAITED_STEP(0),
    TRAINED_STEP(0);

    /** Lines of one moment may stand in either order. */
    private final double slack;

    Kind(double slack) {
      this.slack = slack;
    }
  }

  private static final class Readings {
    private double last = Double.NEGATIVE_INFINITY;
    private int restarts;
  }

  private final Map<Kind, Readings> kinds = new EnumMap<>(Kind.class);

  /** Takes a reading, or none if it is NaN; returns how often its kind has gone back. */
  int read(Kind kind, double value) {
    Readings readings = kinds.computeIfAbsent(kind, _ -> new Readings());
    if (!Double.isNaN(value)) {
      readings.restarts += value < readings.last - kind.slack ? 1 : 0;
      readings.last = value;
    }
    return readings.restarts;
  }

  /** Runs of the source; servers may share a log, so that their clocks say nothing of it. */
  int runs() {
    int most = 0;
    for (Map.Entry<Kind, Readings> entry : kinds.entrySet()) {
      most = entry.getKey() == Kind.SERVER_CLOCK ? most : Math.max(most, entry.getValue().restarts);
    }
    return most + 1;
  }
}

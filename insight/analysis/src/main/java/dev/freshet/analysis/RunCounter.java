package dev.freshet.analysis;

import java.util.EnumMap;
import java.util.Map;

/**
 * Counts the runs in one log: a clock or a step that goes back starts another run. Each kind of
 * reading is followed on its own; the log has as many runs as the kind that went back most often.
 */
final class RunCounter {
  /** Readings that only grow within a run. */
  enum Kind {
    CLIENT_CLOCK(1),
    SERVER_CLOCK(1),
    WRITTEN_STEP(0),
    AWAITED_STEP(0),
    TRAINED_STEP(0);

    /** Lines of the same moment may be in either order. */
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

  /** Takes a reading, ignoring NaN; returns how often its kind has gone back. */
  int read(Kind kind, double value) {
    Readings readings = kinds.computeIfAbsent(kind, _ -> new Readings());
    if (!Double.isNaN(value)) {
      readings.restarts += value < readings.last - kind.slack ? 1 : 0;
      readings.last = value;
    }
    return readings.restarts;
  }

  /** The number of runs. Servers may share a log, so their clocks do not count. */
  int runs() {
    int most = 0;
    for (Map.Entry<Kind, Readings> entry : kinds.entrySet()) {
      most = entry.getKey() == Kind.SERVER_CLOCK ? most : Math.max(most, entry.getValue().restarts);
    }
    return most + 1;
  }
}

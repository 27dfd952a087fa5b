package dev.freshet.metrics;

import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** The parts of a weight update that have series of their own; others, of any server, have none. */
public final class UpdateParts {
  private static final String UNIT = "_ms";

  /** Those that a server tells of itself. */
  private static final Set<String> TOLD =
      Set.of("prepare", "map", "fault", "verify", "build", "wait_step", "swap", "recompute");

  private UpdateParts() {}

  /** Counts the parts of one operation, whose names end with {@code _ms}. */
  public static void count(Map<String, Double> phases, Function<String, Histogram> series) {
    phases.forEach(
        (name, ms) -> {
          String part = name.endsWith(UNIT) ? name.substring(0, name.length() - 3) : name;
          if (TOLD.contains(part)) {
            series.apply(part).millis(ms);
          }
        });
  }
}

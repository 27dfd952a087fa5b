package dev.freshet.metrics;

import java.util.List;

/**
 * What a metric is.
 *
 * @param role whose metric it is
 * @param name in the text format: a counter's ends with {@code _total}
 * @param help one line that says what it measures
 * @param labels names of its labels
 */
public record MetricDefinition(
    Role role, String name, Kind kind, String help, List<String> labels) {

  /** Who measures it. */
  public enum Role {
    INFERENCE,
    ORCHESTRATOR,
    TRAINER
  }

  /** What its values are like. */
  public enum Kind {
    COUNTER,
    GAUGE,
    HISTOGRAM
  }

  private static final String TOTAL = "_total";

  public MetricDefinition {
    if (name.endsWith(TOTAL) != (kind == Kind.COUNTER)) {
      throw new IllegalArgumentException(name + ": expected that counters alone end with " + TOTAL);
    }
    labels = List.copyOf(labels);
  }

  /** The name without a counter's suffix. */
  String family() {
    return kind == Kind.COUNTER ? name.substring(0, name.length() - TOTAL.length()) : name;
  }

  /** Whether its values are seconds. */
  public boolean inSeconds() {
    return family().endsWith("_seconds");
  }
}

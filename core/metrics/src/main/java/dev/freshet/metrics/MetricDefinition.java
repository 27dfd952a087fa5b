package dev.freshet.metrics;

import java.util.List;

/**
 * The definition of a metric.
 *
 * @param role the role that measures it
 * @param name in the text format: a counter's ends with {@code _total}
 * @param help what it measures, one line
 * @param labels names of its labels
 */
public record MetricDefinition(
    Role role, String name, Kind kind, String help, List<String> labels) {

  /** The role that measures a metric. */
  public enum Role {
    INFERENCE,
    ORCHESTRATOR,
    TRAINER,
    ROUTER
  }

  /** The type of a metric. */
  public enum Kind {
    COUNTER,
    GAUGE,
    HISTOGRAM
  }

  private static final String TOTAL = "_total";

  public MetricDefinition {
    if (name.endsWith(TOTAL) != (kind == Kind.COUNTER)) {
      throw new IllegalArgumentException(
          "metric %s of kind %s: expected the suffix %s on counters, and only there"
              .formatted(name, kind, TOTAL));
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

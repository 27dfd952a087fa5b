package dev.freshet.trace;

import java.util.Locale;
import java.util.Optional;

/**
 * The phases of an update of a fleet on one replica, in their order. The log, metrics, reports, the
 * timeline and the dashboard all iterate this list. A phase begins on every replica once all have
 * ended the one before; replicas that pause apply and ask before those that have prepared.
 */
public enum FleetPhase {
  PREPARE("making the weights ready beside the traffic"),
  PAUSE("pausing generation"),
  APPLY("loading the weights, or swapping prepared ones"),
  ASK("asking what it serves"),
  RESUME("resuming generation"),
  UNDO("returning to the version before");

  private final String label = name().toLowerCase(Locale.ROOT);
  private final String description;

  FleetPhase(String description) {
    this.description = description;
  }

  /** What it is, in words. */
  public String description() {
    return description;
  }

  /** The name without a unit, used in metrics, the timeline and JSON: {@code apply}. */
  public String wireName() {
    return label;
  }

  /** The name with the unit, used in the log: {@code apply_ms}. */
  public String field() {
    return label + "_ms";
  }

  /** The phase with a wire name, if there is one. */
  public static Optional<FleetPhase> of(String wireName) {
    for (FleetPhase phase : values()) {
      if (phase.label.equals(wireName)) {
        return Optional.of(phase);
      }
    }
    return Optional.empty();
  }
}

package dev.freshet.orchestrator;

import java.util.Locale;

/** Why a rollout is not trained on. */
enum DropReason {
  /** All rewards of its group are equal. */
  ZERO_ADVANTAGE,
  /** The token limit ended it, and {@code orchestrator.filter_overlong} is set. */
  OVERLONG,
  /** It ends in a loop, and {@code orchestrator.filter_repetition} is set. */
  REPETITION,
  /** It ended, but its group would have exceeded the staleness bound. */
  STALE,
  /** It was still generating when its group became stale: of unknown length. */
  CANCELLED;

  /** The name in metrics. */
  String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}

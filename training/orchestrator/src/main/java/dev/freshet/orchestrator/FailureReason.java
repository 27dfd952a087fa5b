package dev.freshet.orchestrator;

import java.util.Locale;

/** Why a rollout failed. */
enum FailureReason {
  /** No server completed a turn. */
  SERVER,
  /** The environment threw. */
  ENVIRONMENT,
  /** The environment did not return within its deadline, or the episode did not end within its. */
  DEADLINE,
  /** The reward or a metric is not a finite number. */
  REWARD,
  /** The environment said more than a model can read. */
  SIZE,
  /** The tokenizer or the chat template does not take what the environment said. */
  FORMAT;

  /** The reason of a name in metrics. */
  static FailureReason of(String wireName) {
    return valueOf(wireName.toUpperCase(Locale.ROOT));
  }

  /** The name in metrics. */
  String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}

package dev.freshet.rollouts;

import java.util.Locale;

/**
 * A rollout of a batch that cannot be trained on.
 *
 * @param message one line: where it is, what was found and what was expected
 */
public record UnusableRollout(Reason reason, String message) {
  /** Why a rollout is unusable. */
  public enum Reason {
    /** A token id that is negative or past the vocabulary. */
    TOKEN_ID,
    /** A logprob that is not finite, positive, or so low that the ratio overflows. */
    LOGPROB,
    /** A policy version of a token that no policy, or no sampled token, can have. */
    POLICY_VERSION,
    /** A reward or an advantage that is not finite or too large. */
    ADVANTAGE,
    /** A distribution that cannot be sampled from, or whose ratio the trainer cannot compute. */
    SAMPLING,
    /** Parallel lists of different lengths. */
    LENGTHS,
    /** A count below 0. */
    COUNT,
    /** No generated token, or nothing before the first one. */
    GENERATED,
    /** More tokens than a row of the trainer. */
    TOO_LONG;

    /** The name in metrics and messages. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}

package dev.freshet.environments;

import java.util.Optional;

/**
 * A source of problems that also scores the policy's attempts at them. Thread-safe: episodes run
 * concurrently.
 */
public interface Environment {
  /** The name in configurations, rollouts and logs; {@link Environments} registers it. */
  String name();

  /**
   * Problem number {@code index} of a set. The same environment, set and index always give the same
   * problem. The two sets have no text in common.
   */
  Problem problem(Split split, long index);

  /** Begins an attempt at a problem. */
  Episode start(Problem problem);

  /** Tokens that end a turn; the ending token is part of the turn. */
  int[] stopTokenIds();

  /**
   * Demonstration number {@code index} for supervised warm-up, drawn from the training set
   * independently of {@link #problem}. Empty if the environment has no demonstrations.
   */
  default Optional<SupervisedPair> supervised(long index) {
    return Optional.empty();
  }
}

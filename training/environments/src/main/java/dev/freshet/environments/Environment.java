package dev.freshet.environments;

import java.util.Optional;

/**
 * A source of problems that also scores the policy's attempts at them. Who plays an attempt is the
 * difference between the two kinds: the caller, turn by turn ({@link TurnEnvironment}), or the
 * environment's own program ({@link SelfDrivenEnvironment}). Thread-safe: episodes run
 * concurrently. Every call has a deadline, after which its thread is interrupted; whatever a call
 * throws fails one rollout.
 */
public sealed interface Environment extends AutoCloseable
    permits TurnEnvironment, SelfDrivenEnvironment {
  /** The name in configurations, rollouts and logs; {@link Environments} registers it. */
  String name();

  /**
   * Problem number {@code index} of a set. The same environment, set and index always give the same
   * problem. The two sets have no text in common.
   */
  Problem problem(Split split, long index);

  /** The most episodes that may be open at a time. */
  default int maxEpisodes() {
    return Integer.MAX_VALUE;
  }

  /**
   * Demonstration number {@code index} for supervised warm-up, drawn from the training set
   * independently of {@link #problem}. Empty if the environment has no demonstrations.
   */
  default Optional<Demonstration> demonstration(long index) {
    return Optional.empty();
  }

  /** Frees what the environment holds. Called once, after the last episode was closed. */
  @Override
  default void close() {}
}

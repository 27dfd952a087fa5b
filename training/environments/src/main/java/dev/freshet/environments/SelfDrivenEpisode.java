package dev.freshet.environments;

import java.util.concurrent.CompletionStage;

/**
 * One attempt at a problem that the environment's program plays. No thread of the caller is held
 * while it runs.
 */
public interface SelfDrivenEpisode extends AutoCloseable {
  /**
   * Completes when {@link #result} has an answer at once, also when the program has failed. It
   * never completes exceptionally.
   */
  CompletionStage<Void> ended();

  /**
   * What was played. Called at most once, after {@link #ended}.
   *
   * @throws PolicyCallException if a call of the program to the policy's server failed, so that the
   *     attempt may succeed on another server
   * @throws UnusableStepException if what was played cannot be used
   */
  PlayedEpisode result();

  /** Ends the attempt if it still runs, and frees what it holds. Called once, last. */
  @Override
  void close();
}

package dev.freshet.environments;

import java.util.Optional;

/**
 * One attempt at a problem, turn by turn: the prompt, a turn of the policy, an observation, another
 * turn, until the environment ends it. The tokens form one growing sequence that is never tokenized
 * again. Used by one thread at a time.
 */
public interface Episode {
  /** The tokens before the first turn. Called once, first. */
  int[] prompt();

  /**
   * Takes a turn of the policy. Returns the tokens before its next turn; empty ends the episode.
   */
  Optional<int[]> next(Turn turn);

  /** The score of the attempt. Called once, after the last turn. */
  double reward();

  /**
   * The policy's output in one turn.
   *
   * @param tokenIds the tokens, including the ending token
   * @param finishReason {@code stop} or {@code length}
   */
  record Turn(int[] tokenIds, String finishReason) {}
}

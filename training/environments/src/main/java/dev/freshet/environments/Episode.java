package dev.freshet.environments;

import java.util.Optional;

/**
 * One attempt at a problem, turn by turn: the prompt, a turn of the policy, an observation, a turn,
 * … until the environment has no more to say. All of it is one growing sequence of tokens, of which
 * nothing is ever tokenized again. Used by one thread at a time.
 */
public interface Episode {
  /** The tokens that the first turn follows; called once, first. */
  int[] prompt();

  /** Takes a turn of the policy; returns the tokens before its next turn, or nothing at the end. */
  Optional<int[]> next(Turn turn);

  /** How good the attempt was; called once, after the last turn. */
  double reward();

  /**
   * What the policy said in one turn.
   *
   * @param tokenIds its tokens, the ending one included
   * @param finishReason {@code stop} or {@code length}
   */
  record Turn(int[] tokenIds, String finishReason) {}
}

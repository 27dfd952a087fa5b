package dev.freshet.orchestrator;

import dev.freshet.rollouts.Trajectory;

/**
 * Finds the loop in which an answer ends: the last turn's longest end that repeats the tokens
 * before it, a period of at most {@value #LONGEST_PERIOD} tokens.
 */
final class Repetition {
  static final int LONGEST_PERIOD = 64;

  private Repetition() {}

  /** The number of tokens that repeat those one period before them; 0 if the answer has no loop. */
  static int atEnd(Trajectory trajectory) {
    int[] tokens = trajectory.tokenIds();
    int end = tokens.length;
    while (end > 0 && !trajectory.generated()[end - 1]) {
      end--;
    }
    int begin = end;
    while (begin > 0 && trajectory.generated()[begin - 1]) {
      begin--;
    }
    int longest = 0;
    for (int period = 1; period <= Math.min(LONGEST_PERIOD, (end - begin) / 2); period++) {
      int repeated = 0;
      while (end - 1 - repeated - period >= begin
          && tokens[end - 1 - repeated] == tokens[end - 1 - repeated - period]) {
        repeated++;
      }
      // Less than a whole period is no loop.
      longest = repeated >= period ? Math.max(longest, repeated) : longest;
    }
    return longest;
  }
}

package dev.freshet.orchestrator;

import dev.freshet.environments.Answer;
import dev.freshet.environments.Episode;
import dev.freshet.environments.Message;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.environments.Step;
import dev.freshet.environments.TurnEnvironment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntBinaryOperator;

/**
 * Says 7 and a number before each further turn.
 *
 * @param turns of an episode
 * @param says the number, of the sum of the tokens so far and the number of turns so far
 * @param reward of the same
 */
record NumberTurns(String name, int turns, IntBinaryOperator says, IntBinaryOperator reward)
    implements TurnEnvironment {
  /**
   * Two turns, where everything depends on the tokens; with another salt, it says other numbers.
   */
  static NumberTurns two(int salt) {
    return new NumberTurns(
        "two-turns", 2, (sum, turn) -> 30 + (sum + salt) % 5, (sum, turn) -> sum % 7);
  }

  /** Three turns, where nothing depends on the tokens: it counts the turns. */
  static NumberTurns three() {
    return new NumberTurns("three-turns", 3, (sum, turn) -> turn, (sum, turn) -> turn);
  }

  @Override
  public Problem problem(Split split, long index) {
    return new Problem(split, index, split + "-" + index);
  }

  @Override
  public Episode start(Problem problem) {
    return new Episode() {
      private int sum;
      private int taken;

      @Override
      public List<Message> begin() {
        return List.of(Message.user("1 " + (20 + problem.index())));
      }

      @Override
      public Step next(Answer answer) {
        sum += Arrays.stream(answer.tokenIds()).sum();
        taken++;
        return taken < turns ? Step.Next.user("7 " + says.applyAsInt(sum, taken)) : cutOff();
      }

      @Override
      public Step.End cutOff() {
        return new Step.End(reward.applyAsInt(sum, taken), Map.of("turns_taken", (double) taken));
      }
    };
  }
}

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

/**
 * Says a number that depends on the first turn; the reward depends on both turns. With another salt
 * it says other numbers.
 */
final class TwoTurns implements TurnEnvironment {
  private final int salt;

  TwoTurns(int salt) {
    this.salt = salt;
  }

  @Override
  public String name() {
    return "two-turns";
  }

  @Override
  public Problem problem(Split split, long index) {
    return new Problem(split, index, split + "-" + index);
  }

  @Override
  public Episode start(Problem problem) {
    return new Episode() {
      private int sum;
      private int turns;

      @Override
      public List<Message> begin() {
        return List.of(Message.user("1 " + (20 + problem.index())));
      }

      @Override
      public Step next(Answer answer) {
        sum += Arrays.stream(answer.tokenIds()).sum();
        turns++;
        return turns < 2 ? Step.Next.user("7 " + (30 + (sum + salt) % 5)) : cutOff();
      }

      @Override
      public Step.End cutOff() {
        return new Step.End(sum % 7, Map.of("turns_taken", (double) turns));
      }
    };
  }
}

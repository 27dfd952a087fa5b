package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.environments.Answer;
import dev.freshet.environments.Episode;
import dev.freshet.environments.Message;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.environments.Step;
import dev.freshet.environments.TurnEnvironment;
import java.util.List;
import java.util.Map;

/** Observes the turn's number after the first two turns; the reward is the number of turns. */
final class ThreeTurns implements TurnEnvironment {
  @Override
  public String name() {
    return "three-turns";
  }

  @Override
  public Problem problem(Split split, long index) {
    return new Problem(split, index, split + "-" + index);
  }

  @Override
  public Episode start(Problem problem) {
    return new Episode() {
      private int turns;

      @Override
      public List<Message> begin() {
        return List.of(Message.user("1 " + (20 + problem.index())));
      }

      @Override
      public Step next(Answer answer) {
        assertThat(answer.tokenIds()).hasSize(2).endsWith(9);
        turns++;
        return turns < 3 ? Step.Next.user("7 " + turns) : cutOff();
      }

      @Override
      public Step.End cutOff() {
        return new Step.End(turns, Map.of("turns_taken", (double) turns));
      }
    };
  }
}

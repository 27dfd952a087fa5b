package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.environments.Environment;
import dev.freshet.environments.Episode;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import java.util.Optional;

/** Observes the turn's number after the first two turns; the reward is the number of turns. */
final class ThreeTurns implements Environment {
  @Override
  public String name() {
    return "three-turns";
  }

  @Override
  public Problem problem(Split split, long index) {
    return new Problem(split, index, split + "-" + index);
  }

  @Override
  public int[] stopTokenIds() {
    return new int[] {9};
  }

  @Override
  public Episode start(Problem problem) {
    return new Episode() {
      private int turns;

      @Override
      public int[] prompt() {
        return new int[] {1, 20 + (int) problem.index()};
      }

      @Override
      public Optional<int[]> next(Turn turn) {
        assertThat(turn.tokenIds()).hasSize(2).endsWith(9);
        turns++;
        return turns < 3 ? Optional.of(new int[] {7, turns}) : Optional.empty();
      }

      @Override
      public double reward() {
        return turns;
      }
    };
  }
}

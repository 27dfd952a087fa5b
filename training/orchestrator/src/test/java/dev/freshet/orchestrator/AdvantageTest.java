package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.Trajectory;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class AdvantageTest {
  @Test
  void theMeanRuleTakesTheGroupsMeanFromEachReward() {
    assertThat(Advantage.MEAN.apply(group(0, 1, 1, 2)))
        .extracting(Rollout::advantage)
        .containsExactly(-1.0, 0.0, 0.0, 1.0);
  }

  @Test
  void theGrpoRuleDividesByTheStandardDeviation() {
    assertThat(Advantage.GRPO.apply(group(0, 4, 0, 4)))
        .extracting(Rollout::advantage)
        .containsExactly(-1.0, 1.0, -1.0, 1.0);
  }

  @Test
  void equalRewardsHaveNoAdvantageUnderEitherRule() {
    for (Advantage rule : Advantage.values()) {
      assertThat(rule.apply(group(0.1, 0.1, 0.1))).allMatch(r -> r.advantage() == 0);
    }
  }

  private static Group group(double... rewards) {
    Trajectory empty = new Trajectory.Builder().build();
    return new Group(
        "g",
        "p",
        0,
        Arrays.stream(rewards)
            .mapToObj(r -> new Rollout("g-0", "g", "test", "p", empty, r, 0, "stop", 1, 0))
            .toList());
  }
}

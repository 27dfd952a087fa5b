package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.Trajectory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdvantageTest {
  private static final double A = 2 / (2 + Advantage.EPSILON);

  @Test
  void theMeanRuleSubtractsTheGroupsMean() {
    assertThat(Advantage.MEAN.apply(group(0, 1, 1, 2)))
        .extracting(Rollout::advantage)
        .containsExactly(-1.0, 0.0, 0.0, 1.0);
  }

  @Test
  void theGrpoRuleDividesByTheStandardDeviationPlusEpsilon() {
    assertThat(Advantage.GRPO.apply(group(0, 4, 0, 4)))
        .extracting(Rollout::advantage)
        .containsExactly(-A, A, -A, A);
  }

  @ParameterizedTest
  @EnumSource
  void equalRewardsHaveNoAdvantage(Advantage rule) {
    for (double reward : new double[] {0, -0.0, 0.1, -3, 1e-300, 1e300, Double.MAX_VALUE}) {
      assertZero(rule, reward, reward, reward);
    }
    assertZero(rule, 5);
  }

  @ParameterizedTest
  @EnumSource
  void rewardsThatDifferOnlyByRoundingHaveNoAdvantage(Advantage rule) {
    assertZero(rule, 0.1 + 0.2, 0.3);
    for (double reward : new double[] {0.3, -0.3, 1, 1e-9, 12_345.678, 1e15, -1e300}) {
      assertZero(rule, reward, Math.nextUp(reward), reward, Math.nextDown(reward));
    }
    for (float reward : new float[] {0.3f, 1, 1e4f, -7e20f}) {
      assertZero(rule, reward, Math.nextUp(reward));
    }
    assertZero(rule, 1e-12, 3e-12);
  }

  @Test
  void smallDifferencesAreKeptWithTheirSize() {
    assertThat(Advantage.MEAN.apply(group(1, 1 + 1e-4)).getLast().advantage())
        .isCloseTo(5e-5, within(1e-12));
    assertThat(Advantage.GRPO.apply(group(1, 1 + 1e-4)).getLast().advantage())
        .isCloseTo(5e-5 / (5e-5 + Advantage.EPSILON), within(1e-9));
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1, 1e6, 1e100, 1e200, 8e307})
  void theGrpoRuleDoesNotDependOnTheScaleOfRewardsBeyondEpsilon(double scale) {
    assertThat(Advantage.GRPO.apply(group(-scale, scale, scale, -scale)))
        .extracting(Rollout::advantage)
        .allSatisfy(a -> assertThat(Math.abs(a)).isCloseTo(1, within(2e-3)));
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1, 1e6, 1e100, 1e200, 8e307})
  void theMeanRuleIsExactAtEveryScale(double scale) {
    assertThat(Advantage.MEAN.apply(group(-scale, scale, scale, -scale)))
        .extracting(Rollout::advantage)
        .containsExactly(-scale, scale, scale, -scale);
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void aRewardThatIsNotFiniteIsRejectedWithTheNameOfItsRollout(double reward) {
    assertThatThrownBy(() -> group(1, reward))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rollout 'g-1'")
        .hasMessageContaining("reward " + reward);
  }

  @Test
  void groupsOfEqualRewardsAreFilteredWithTheSameTolerance() {
    assertThat(new ZeroAdvantageFilter(true, 1).keeps(group(0.1 + 0.2, 0.3))).isFalse();
    assertThat(new ZeroAdvantageFilter(true, 1).keeps(group(0.3, 0.31))).isTrue();
    assertThat(new ZeroAdvantageFilter(false, 1).keeps(group(0.3, 0.3))).isTrue();
  }

  private static void assertZero(Advantage rule, double... rewards) {
    assertThat(Advantage.equalRewards(group(rewards))).isTrue();
    assertThat(rule.apply(group(rewards))).allMatch(rollout -> rollout.advantage() == 0);
  }

  private static Group group(double... rewards) {
    Trajectory empty = new Trajectory.Builder().build();
    return new Group(
        "g",
        "p",
        0,
        IntStream.range(0, rewards.length)
            .mapToObj(
                i -> new Rollout("g-" + i, "g", "test", "p", empty, rewards[i], 0, "stop", 1, 0))
            .toList());
  }
}

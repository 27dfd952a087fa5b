package dev.freshet.rollouts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdvantageTest {
  private static final double A = 2 / (2 + Advantage.EPSILON);

  @Test
  void theMeanRuleSubtractsTheGroupsMean() {
    assertThat(Advantage.MEAN.apply(List.of(group(0, 1, 1, 2))))
        .extracting(Rollout::advantage)
        .containsExactly(-1.0, 0.0, 0.0, 1.0);
  }

  @Test
  void theGrpoRuleDividesByTheStandardDeviationPlusEpsilon() {
    assertThat(Advantage.GRPO.apply(List.of(group(0, 4, 0, 4))))
        .extracting(Rollout::advantage)
        .containsExactly(-A, A, -A, A);
  }

  @Test
  void theLeaveOneOutRuleSubtractsTheMeanOfTheOthers() {
    assertThat(Advantage.RLOO.apply(List.of(group(0, 1, 1, 2), group(3, 5))))
        .extracting(Rollout::advantage)
        .usingElementComparator(AdvantageTest::closely)
        .containsExactly(-4.0 / 3, 0.0, 0.0, 4.0 / 3, -2.0, 2.0);
    assertThat(Advantage.RLOO.apply(List.of(group(5))))
        .extracting(Rollout::advantage)
        .containsExactly(0.0);
  }

  @Test
  void theBatchRuleComparesWithAllRolloutsOfTheBatch() {
    // Mean 2, standard deviation 2.
    assertThat(Advantage.BATCH.apply(List.of(group(0, 0), group(4, 4))))
        .extracting(Rollout::advantage)
        .containsExactly(-A, -A, A, A);
    assertThat(Advantage.BATCH.comparesWithinGroups()).isFalse();
  }

  @Test
  void theMeanBatchRuleMeasuresDifferencesWithinGroupsInDeviationsOfTheBatch() {
    // Differences −1, 1, −7, 7: mean 0, standard deviation 5.
    double unit = 1 / (5 + Advantage.EPSILON);
    assertThat(Advantage.MEAN_BATCH.apply(List.of(group(1, 3), group(-4, 10), group(9))))
        .hasSize(5);
    assertThat(Advantage.MEAN_BATCH.apply(List.of(group(1, 3), group(-4, 10))))
        .extracting(Rollout::advantage)
        .usingElementComparator(AdvantageTest::closely)
        .containsExactly(-unit, unit, -7 * unit, 7 * unit);
  }

  private static int closely(double a, double b) {
    return Math.abs(a - b) < 1e-12 ? 0 : Double.compare(a, b);
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
    assertThat(Advantage.MEAN.apply(List.of(group(1, 1 + 1e-4))).getLast().advantage())
        .isCloseTo(5e-5, within(1e-12));
    assertThat(Advantage.GRPO.apply(List.of(group(1, 1 + 1e-4))).getLast().advantage())
        .isCloseTo(5e-5 / (5e-5 + Advantage.EPSILON), within(1e-9));
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1, 1e6, 1e100, 1e200, 8e307})
  void theGrpoRuleDoesNotDependOnTheScaleOfRewardsBeyondEpsilon(double scale) {
    assertThat(Advantage.GRPO.apply(List.of(group(-scale, scale, scale, -scale))))
        .extracting(Rollout::advantage)
        .allSatisfy(a -> assertThat(Math.abs(a)).isCloseTo(1, within(2e-3)));
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1, 1e6, 1e100, 1e200, 8e307})
  void theMeanRuleIsExactAtEveryScale(double scale) {
    assertThat(Advantage.MEAN.apply(List.of(group(-scale, scale, scale, -scale))))
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

  private static void assertZero(Advantage rule, double... rewards) {
    assertThat(Advantage.equalRewards(group(rewards))).isTrue();
    assertThat(rule.apply(List.of(group(rewards)))).allMatch(rollout -> rollout.advantage() == 0);
  }

  private static Group group(double... rewards) {
    Trajectory empty = new Trajectory.Builder().build();
    return new Group(
        "g",
        "p",
        0,
        IntStream.range(0, rewards.length)
            .mapToObj(
                i ->
                    new Rollout(
                        "g-" + i,
                        "g",
                        "test",
                        "p",
                        empty,
                        rewards[i],
                        0,
                        "stop",
                        1,
                        0,
                        SamplingDistribution.atTemperature(1)))
            .toList());
  }
}

package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.fleet.ServerAddress;
import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.Trajectory;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which rollouts and groups are trained on, and what is counted of the others. */
class FiltersTest {
  private final DropCounts drops = new DropCounts();

  @Test
  void groupsOfEqualRewardsAreFilteredWithTheToleranceOfAdvantages() {
    assertThat(filters(new TestConfig(), Advantage.GRPO).keeps(0, group(rollout(3, 0.3, "stop"))))
        .as("without the filter")
        .isTrue();
    TestConfig config = new TestConfig();
    config.filterZeroAdvantage = true;
    Group equal = group(rollout(3, 0.1 + 0.2, "stop"), rollout(5, 0.3, "stop"));
    assertThat(filters(config, Advantage.GRPO).keeps(0, equal)).isFalse();
    assertThat(drops.take())
        .containsOnlyKeys(DropReason.ZERO_ADVANTAGE)
        .containsValue(new DropCounts.Dropped(2, 8));
    assertThat(
            filters(config, Advantage.GRPO)
                .keeps(0, group(rollout(3, 0.3, "stop"), rollout(3, 0.31, "stop"))))
        .isTrue();
    assertThat(filters(config, Advantage.BATCH).keeps(0, equal))
        .as("compared with the whole batch, equal rewards teach")
        .isTrue();
    assertThat(drops.take()).isEmpty();
  }

  @Test
  void theNumberOfAGroupDecidesWhetherEqualRewardsAreKeptNotWhenItEnded() {
    TestConfig config = new TestConfig();
    config.filterZeroAdvantage = true;
    GroupFilters filters = filters(config, Advantage.GRPO);
    Group equal = group(rollout(3, 0, "stop"), rollout(5, 0, "stop"));
    long limit = 4L * config.groupsPerBatch;

    assertThat(filters.keeps(limit, equal)).isTrue();
    for (long number = limit - 1; number >= 0; number--) {
      assertThat(filters.keeps(number, equal)).as("group %d", number).isFalse();
    }

    filters.batchTaken(10);

    assertThat(filters.keeps(10 + limit - 1, equal)).isFalse();
    assertThat(filters.keeps(10 + limit, equal)).isTrue();
  }

  @Test
  void aGroupWithoutARolloutThatMayBeTrainedOnIsFilteredByTheReasonOfEach() {
    TestConfig config = new TestConfig();
    config.filterOverlong = true;
    config.filterRepetition = 4;
    GroupFilters filters = filters(config, Advantage.GRPO);

    assertThat(filters.keeps(0, group(rollout(16, 0, "length"), rollout(3, 1, "stop")))).isTrue();
    assertThat(drops.take()).isEmpty();
    assertThat(filters.keeps(0, group(rollout(16, 0, "length"), looping(12)))).isFalse();
    assertThat(drops.take())
        .containsEntry(DropReason.OVERLONG, new DropCounts.Dropped(1, 16))
        .containsEntry(DropReason.REPETITION, new DropCounts.Dropped(1, 12))
        .hasSize(2);
  }

  @Test
  void aPolicyOfWhichNothingMayBeTrainedOnEndsTheRunWithWhatToChange() {
    TestConfig config = new TestConfig();
    config.filterOverlong = true;
    GroupFilters filters = filters(config, Advantage.GRPO);
    Group hopeless = group(rollout(16, 0, "length"), rollout(16, 1, "length"));
    for (int i = 1; i < 4 * config.groupsPerBatch; i++) {
      assertThat(filters.keeps(0, hopeless)).isFalse();
    }

    assertThatThrownBy(() -> filters.keeps(0, hopeless))
        .isInstanceOf(OrchestratorException.class)
        .hasMessageContaining("no rollout of 8 groups in a row may be trained on")
        .hasMessageContaining("overlong")
        .hasMessageContaining("raise orchestrator.max_tokens");
  }

  @ParameterizedTest
  @CsvSource({
    "1 2 3 4 5 6, 0",
    "1 2 3 9 9 9 9, 3",
    "5 1 2 3 1 2 3 1 2 3, 6",
    "5 1 2 3 1 2 3 1 2, 5",
    // One period of the loop is not repeated yet.
    "5 1 2 3 4 1 2 3, 0",
    "9 9 9 9 1, 0",
    "7, 0",
  })
  void theLoopInWhichAnAnswerEndsIsAsLongAsWhatRepeats(String answer, int repeated) {
    int[] generated = Arrays.stream(answer.split(" ")).mapToInt(Integer::parseInt).toArray();
    assertThat(Repetition.atEnd(trajectory(new int[] {0}, generated))).isEqualTo(repeated);
  }

  @Test
  void aLoopOfThePromptIsNoLoopOfTheAnswer() {
    assertThat(Repetition.atEnd(trajectory(new int[] {9, 9, 9, 9, 9}, new int[] {9, 1, 9})))
        .isZero();
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "12, 0", "13, -0.25", "14, -0.5", "16, -1", "40, -1"})
  void thePenaltyGrowsOverTheBufferBeforeTheTokenLimit(int tokens, double penalty) {
    assertThat(new OverlongPenalty(16, 4).of(tokens)).isCloseTo(penalty, within(1e-12));
    assertThat(new OverlongPenalty(16, 0).of(tokens)).isZero();
  }

  @Test
  void thePenaltyIsOfTheLongestTurn() {
    Trajectory turns =
        new Trajectory.Builder()
            .observe(new int[] {1})
            .generate(new int[14], new float[14], new int[14])
            .observe(new int[] {1})
            .generate(new int[3], new float[3], new int[3])
            .build();
    Rollout rollout = of(turns, 0.75, "stop");

    assertThat(new OverlongPenalty(16, 4).shaped(group(rollout)).rollouts())
        .extracting(Rollout::reward)
        .containsExactly(0.25);
  }

  private GroupFilters filters(TestConfig config, Advantage advantage) {
    config.servers = List.of(new ServerAddress(URI.create("http://h:1"), URI.create("http://h:2")));
    return new GroupFilters(config.build(), advantage, drops);
  }

  private static Group group(Rollout... rollouts) {
    return new Group("g", "p", 0, List.of(rollouts));
  }

  /** An answer of different tokens. */
  private static Rollout rollout(int tokens, double reward, String finishReason) {
    return of(
        trajectory(new int[] {0}, IntStream.range(0, tokens).toArray()), reward, finishReason);
  }

  private static Rollout looping(int tokens) {
    return of(trajectory(new int[] {0}, new int[tokens]), 0, "stop");
  }

  private static Rollout of(Trajectory trajectory, double reward, String finishReason) {
    return new Rollout(
        "r",
        "g",
        "test",
        "p",
        trajectory,
        reward,
        0,
        finishReason,
        1,
        0,
        SamplingDistribution.atTemperature(1));
  }

  private static Trajectory trajectory(int[] prompt, int[] answer) {
    return new Trajectory.Builder()
        .observe(prompt)
        .generate(answer, new float[answer.length], new int[answer.length])
        .build();
  }
}

package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.UnusableRollout.Reason;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trainer.algorithm.Algorithm;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BatchScreenTest {
  private static final int[] TOKENS = {1, 4, 5, 3, 5, 4, 2};
  private static final Rollout SOUND = rollout(TOKENS, -1);

  private final BatchScreen screen = new BatchScreen(12, 8, 0.5);

  @Test
  void eachUnusableRolloutIsNamedWithItsReasonAndTheOthersStay() {
    assertUnusable(
        rollout(new int[] {1, 12, 5, 3}, -1),
        Reason.TOKEN_ID,
        "rollout 'r': token 1 has id 12, expected one below 12");
    assertUnusable(
        rollout(TOKENS, 0.5f),
        Reason.LOGPROB,
        "rollout 'r': token 6 has logprob 0.5, expected -30.0 to 0");
    assertUnusable(rollout(TOKENS, -1e9f), Reason.LOGPROB, "token 6 has logprob -1.0E9");
    assertUnusable(
        TinyModel.rollout(TOKENS, new float[0], 1), Reason.GENERATED, "no generated token");
    assertUnusable(
        TinyModel.rollout(new int[] {4, 5}, new float[] {-1, -1}, 1),
        Reason.GENERATED,
        "the first token is generated");
    assertUnusable(
        TinyModel.rollout(new int[0], new float[0], 1), Reason.GENERATED, "no generated token");
    assertUnusable(
        rollout(new int[9], -1),
        Reason.TOO_LONG,
        "9 tokens, expected at most trainer.pack_length 8");
    assertUnusable(
        SOUND.withAdvantage(1e308),
        Reason.ADVANTAGE,
        "advantage 1.0E308, expected at most 10000.0");
    assertUnusable(SOUND.withAdvantage(-1e30), Reason.ADVANTAGE, "advantage -1.0E30");
  }

  @Test
  void aRolloutOfATruncatedDistributionIsUnusable() {
    assertUnusable(
        sampled(new SamplingDistribution(1, 0.9, 0, 0)),
        Reason.SAMPLING,
        "sampled with top_p 0.9, top_k 0 and min_p 0.0");
  }

  @Test
  void aRolloutAtATemperatureThatServersTakeAsGreedyIsUnusable() {
    assertUnusable(
        sampled(SamplingDistribution.atTemperature(1e-50)),
        Reason.SAMPLING,
        "sampled with temperature 1.0E-50, expected at least 1.0E-5");
  }

  private static Rollout sampled(SamplingDistribution sampling) {
    return new Rollout(
        SOUND.id(),
        SOUND.groupId(),
        SOUND.environment(),
        SOUND.problem(),
        SOUND.trajectory(),
        SOUND.reward(),
        SOUND.advantage(),
        SOUND.finishReason(),
        SOUND.turns(),
        SOUND.dispatchVersion(),
        sampling);
  }

  @Test
  void theExtremesThatAreAllowedGiveAFiniteStep() {
    Rollout extreme =
        rollout(TOKENS, BatchScreen.LOWEST_LOGPROB).withAdvantage(-BatchScreen.MOST_ADVANTAGE);
    Rollout rounded = rollout(TOKENS, BatchScreen.HIGHEST_LOGPROB);
    Rollout coldest = sampled(SamplingDistribution.atTemperature(BatchScreen.LEAST_TEMPERATURE));
    Rollout hottest = sampled(SamplingDistribution.atTemperature(Double.MAX_VALUE));
    List<Rollout> extremes = List.of(extreme, rounded, coldest, hottest, SOUND);
    TrainingBatch batch = screen.screen(new TrainingBatch(1, extremes)).batch();
    assertThat(batch.rollouts()).containsExactlyElementsOf(extremes);
    for (Algorithm rule : Algorithm.values()) {
      try (TrainableModel model = TinyModel.trainable(TinyModel.weights())) {
        StepMetrics step =
            new PolicyTrainer(model, TinyModel.objective(rule), 8, 4, MonotonicClock.SYSTEM)
                .step(batch);
        assertThat(step.gradNorm()).isFinite();
      }
    }
  }

  @Test
  void aShareAboveTheAllowedOneAndABatchOfNothingUsableAreRefused() {
    Rollout broken = rollout(TOKENS, 1);
    assertThat(screen.screen(new TrainingBatch(2, List.of(SOUND, broken))).counts())
        .isEqualTo(Map.of(Reason.LOGPROB, 1L));
    assertThatExceptionOfType(TrainerException.class)
        .isThrownBy(() -> screen.screen(new TrainingBatch(2, List.of(SOUND, broken, broken))))
        .withMessageStartingWith(
            "step 2: 2 of 3 rollouts cannot be trained on, expected at most"
                + " trainer.max_unusable 0.5: rollout 'r': token 6 has logprob 1.0");
    assertThatExceptionOfType(TrainerException.class)
        .isThrownBy(() -> new BatchScreen(12, 8, 1).screen(new TrainingBatch(2, List.of(broken))))
        .withMessageStartingWith("step 2: 1 of 1 rollouts cannot be trained on");
  }

  private void assertUnusable(Rollout rollout, Reason reason, String message) {
    BatchScreen.Screened screened = screen.screen(new TrainingBatch(1, List.of(SOUND, rollout)));

    assertThat(screened.batch().rollouts()).containsExactly(SOUND);
    assertThat(screened.unusable())
        .singleElement()
        .satisfies(
            one -> {
              assertThat(one.reason()).isEqualTo(reason);
              assertThat(one.message()).contains(message);
            });
  }

  /** The last token is generated. */
  private static Rollout rollout(int[] tokens, float logprob) {
    return TinyModel.rollout(tokens, new float[] {logprob}, 1);
  }
}

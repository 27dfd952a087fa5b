package dev.freshet.trainer;

import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.rollouts.UnusableRollout;
import dev.freshet.rollouts.UnusableRollout.Reason;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Separates the rollouts of a batch that the model can be trained on from the others: those with a
 * token outside the vocabulary, an impossible logprob, an advantage beyond bounds, nothing
 * generated, too many tokens, or a distribution that is truncated or greedy.
 *
 * @param vocabSize the model's number of tokens
 * @param packLength the most tokens of a rollout
 * @param maxUnusable the share of a batch that may be unusable
 */
record BatchScreen(int vocabSize, int packLength, double maxUnusable) {
  /**
   * Far below any token that is ever sampled: one in 10¹³. The ratio of the policies' probabilities
   * and its gradient stay within a float's range above it.
   */
  static final float LOWEST_LOGPROB = -30;

  /** Engines round; a probability above 1 by more is none. */
  static final float HIGHEST_LOGPROB = 1e-4f;

  /** With the highest ratio, the gradient stays within a float's range. */
  static final double MOST_ADVANTAGE = 1e4;

  /**
   * Below it servers choose the most likely token, which has no distribution; logits divided by
   * less exceed a float's range.
   */
  static final double LEAST_TEMPERATURE = 1e-5;

  /**
   * A batch without its unusable rollouts.
   *
   * @param batch the usable rollouts
   * @param unusable the others
   */
  record Screened(TrainingBatch batch, List<UnusableRollout> unusable) {
    /** The number of unusable rollouts by reason. */
    Map<Reason, Long> counts() {
      return unusable.stream()
          .collect(
              Collectors.groupingBy(
                  UnusableRollout::reason,
                  () -> new EnumMap<>(Reason.class),
                  Collectors.counting()));
    }
  }

  /**
   * Screens a batch.
   *
   * @throws TrainerException if nothing usable remains, or a larger share than allowed is unusable
   */
  Screened screen(TrainingBatch batch) {
    List<Rollout> usable = new ArrayList<>();
    List<UnusableRollout> unusable = new ArrayList<>(batch.unusable());
    for (Rollout rollout : batch.rollouts()) {
      Optional<UnusableRollout> fault = fault(rollout);
      fault.ifPresentOrElse(unusable::add, () -> usable.add(rollout));
    }
    int all = usable.size() + unusable.size();
    if (usable.isEmpty() || unusable.size() > maxUnusable * all) {
      throw new TrainerException(
          "step %d: %d of %d rollouts cannot be trained on, expected at most trainer.max_unusable %s: %s"
              .formatted(
                  batch.step(), unusable.size(), all, maxUnusable, unusable.getFirst().message()));
    }
    return new Screened(new TrainingBatch(batch.step(), usable), unusable);
  }

  private Optional<UnusableRollout> fault(Rollout rollout) {
    Trajectory tokens = rollout.trajectory();
    if (tokens.generatedCount() == 0) {
      return unusable(Reason.GENERATED, rollout, "no generated token, expected at least one");
    }
    if (tokens.generated()[0]) {
      return unusable(
          Reason.GENERATED, rollout, "the first token is generated, expected a prompt before it");
    }
    if (tokens.length() > packLength) {
      return unusable(
          Reason.TOO_LONG,
          rollout,
          "%d tokens, expected at most trainer.pack_length %d"
              .formatted(tokens.length(), packLength));
    }
    if (Math.abs(rollout.advantage()) > MOST_ADVANTAGE) {
      return unusable(
          Reason.ADVANTAGE,
          rollout,
          "advantage %s, expected at most %s either way"
              .formatted(rollout.advantage(), MOST_ADVANTAGE));
    }
    SamplingDistribution sampling = rollout.sampling();
    if (sampling.truncated()) {
      return unusable(
          Reason.SAMPLING,
          rollout,
          "sampled with top_p %s, top_k %d and min_p %s, expected 1, 0 and 0: the ratio is of the whole distribution"
              .formatted(sampling.topP(), sampling.topK(), sampling.minP()));
    }
    if (sampling.temperature() < LEAST_TEMPERATURE) {
      return unusable(
          Reason.SAMPLING,
          rollout,
          "sampled with temperature %s, expected at least %s: below it tokens are not sampled"
              .formatted(sampling.temperature(), LEAST_TEMPERATURE));
    }
    for (int i = 0; i < tokens.length(); i++) {
      if (tokens.tokenIds()[i] >= vocabSize) {
        return unusable(
            Reason.TOKEN_ID,
            rollout,
            "token %d has id %d, expected one below %d"
                .formatted(i, tokens.tokenIds()[i], vocabSize));
      }
      float logprob = tokens.logprobs()[i];
      if (logprob < LOWEST_LOGPROB || logprob > HIGHEST_LOGPROB) {
        return unusable(
            Reason.LOGPROB,
            rollout,
            "token %d has logprob %s, expected %s to 0".formatted(i, logprob, LOWEST_LOGPROB));
      }
    }
    return Optional.empty();
  }

  private static Optional<UnusableRollout> unusable(Reason reason, Rollout rollout, String what) {
    return Optional.of(
        new UnusableRollout(
            reason, TrainerException.oneLine("rollout '%s': %s".formatted(rollout.id(), what))));
  }
}

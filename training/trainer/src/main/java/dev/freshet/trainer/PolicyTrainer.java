package dev.freshet.trainer;

import dev.freshet.process.Memory;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trainer.algorithm.LossMean;
import java.util.List;
import java.util.stream.Stream;

/**
 * Policy-gradient steps over batches of scored rollouts. Belongs to one thread at a time.
 *
 * <p>Both logprobs of a ratio are of the distribution that the token was sampled from: those of the
 * policy being trained are computed at the rollout's temperature.
 */
final class PolicyTrainer {
  private final TrainableModel model;
  private final Objective objective;
  private final int packLength;
  private final int microTokens;
  private final MonotonicClock clock;

  /**
   * Trains {@code model}, which the caller owns.
   *
   * @param packLength the most tokens of a packed row, and so of a rollout
   * @param microTokens the most tokens that are computed at the same time, padding included
   */
  PolicyTrainer(
      TrainableModel model,
      Objective objective,
      int packLength,
      int microTokens,
      MonotonicClock clock) {
    this.model = model;
    this.objective = objective;
    this.packLength = packLength;
    this.microTokens = microTokens;
    this.clock = clock;
  }

  /**
   * Takes one step.
   *
   * @throws TrainerException if a rollout is too long, no token was generated, or the loss or its
   *     gradient is not finite; the weights are unchanged then
   */
  StepMetrics step(TrainingBatch batch) {
    long start = clock.nanos();
    List<Example> examples =
        batch.rollouts().stream().map(rollout -> example(rollout, batch.step() - 1)).toList();
    LossMean.BatchSize size =
        new LossMean.BatchSize(
            examples.stream().filter(example -> example.targets() > 0).count(),
            examples.stream().mapToLong(Example::targets).sum());
    if (size.tokens() == 0) {
      throw new TrainerException(
          "step %d: the batch has no generated token: expected at least one"
              .formatted(batch.step()));
    }
    List<StepSums> shares = Stream.generate(StepSums::new).limit(model.workers()).toList();
    model.accumulate(
        examples,
        packLength,
        microTokens,
        worker -> new ObjectiveLoss(objective, size, batch.step(), shares.get(worker)));
    double gradNorm = model.update();
    StepSums sums = new StepSums();
    shares.forEach(sums::add);
    return new StepMetrics(
        batch.step(),
        sums.loss(),
        sums.quality(),
        gradNorm,
        model.lr(),
        size.tokens(),
        clock.millisSince(start),
        Memory.peakMb());
  }

  /**
   * @param policy the version of the policy being trained
   */
  private static Example example(Rollout rollout, long policy) {
    Trajectory trajectory = rollout.trajectory();
    int[] lags = new int[trajectory.length()];
    for (int i = 0; i < lags.length; i++) {
      if (trajectory.generated()[i]) {
        lags[i] = Math.toIntExact(policy - trajectory.policyVersions()[i]);
      }
    }
    return new Example(
        trajectory.tokenIds(),
        trajectory.generated(),
        trajectory.logprobs(),
        lags,
        (float) rollout.advantage(),
        (float) rollout.sampling().temperature());
  }
}

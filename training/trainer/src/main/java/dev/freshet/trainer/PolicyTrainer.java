package dev.freshet.trainer;

import dev.freshet.process.Memory;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.trace.MonotonicClock;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Policy-gradient steps over batches of scored rollouts. The loss is averaged over the tokens of
 * the batch, regardless of rollout. Belongs to one thread at a time.
 */
final class PolicyTrainer {
  private final TrainableModel model;
  private final PolicyLoss loss;
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
      PolicyLoss loss,
      int packLength,
      int microTokens,
      MonotonicClock clock) {
    this.model = model;
    this.loss = loss;
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
    List<Example> examples = batch.rollouts().stream().map(PolicyTrainer::example).toList();
    long tokens = examples.stream().mapToLong(Example::targets).sum();
    if (tokens == 0) {
      throw new TrainerException(
          "step %d: the batch has no generated token: expected at least one"
              .formatted(batch.step()));
    }
    List<Sums> shares = Stream.generate(Sums::new).limit(model.workers()).toList();
    model.accumulate(
        examples,
        packLength,
        microTokens,
        worker ->
            (targets, scores) -> {
              Tensor total =
                  loss.tokens(scores.logprobs(), targets.behaviour(), targets.advantages()).sum();
              shares.get(worker).add(total, targets, scores);
              shares.get(worker).requireFinite(batch.step());
              return total.div(new Scalar((double) tokens));
            });
    double gradNorm = model.update();
    Sums sums = new Sums();
    shares.forEach(sums::add);
    return new StepMetrics(
        batch.step(),
        sums.loss / tokens,
        sums.entropy / tokens,
        sums.mismatchKl / tokens,
        gradNorm,
        model.lr(),
        tokens,
        clock.millisSince(start),
        Memory.peakMb());
  }

  private static Example example(Rollout rollout) {
    Trajectory trajectory = rollout.trajectory();
    return new Example(
        trajectory.tokenIds(),
        trajectory.generated(),
        trajectory.logprobs(),
        (float) rollout.advantage());
  }

  /** Sums over the target tokens of a batch or of a worker's share of it. */
  private static final class Sums {
    private double loss;
    private double entropy;
    private double mismatchKl;

    void add(Tensor total, Targets targets, TokenLoss.Scores scores) {
      try (NoGradGuard _ = new NoGradGuard()) {
        loss += total.item_double();
        entropy += scores.entropies().sum().item_double();
        Tensor logRatio = scores.logprobs().sub(targets.behaviour());
        mismatchKl += logRatio.exp().sub(logRatio).sub(new Scalar(1.0)).sum().item_double();
      }
    }

    void add(Sums share) {
      loss += share.loss;
      entropy += share.entropy;
      mismatchKl += share.mismatchKl;
    }

    void requireFinite(long step) {
      if (!Double.isFinite(loss)) {
        throw new TrainerException(
            "step %d: the loss is %s: expected a finite number".formatted(step, loss));
      }
    }
  }
}

package dev.freshet.trainer;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Supervised fine-tuning: the mean negative logprob of the target tokens. Belongs to one thread at
 * a time.
 */
public final class SupervisedTrainer {
  private final TrainableModel model;
  private final int packLength;
  private final int microRows;
  private final double smoothing;

  /**
   * Trains {@code model}, which the caller owns.
   *
   * @param packLength tokens of a packed row
   * @param microRows rows that go through the model at once
   * @param smoothing the share of the target that is spread evenly over the vocabulary, which keeps
   *     the model unsure and so able to explore
   */
  public SupervisedTrainer(TrainableModel model, int packLength, int microRows, double smoothing) {
    this.model = model;
    this.packLength = packLength;
    this.microRows = microRows;
    this.smoothing = smoothing;
  }

  /**
   * Takes one step. Returns the mean loss before it, in nats a target token.
   *
   * @throws TrainerException if the examples do not fit, have no target or give a gradient that is
   *     not finite; the weights are unchanged then
   */
  public double step(List<Example> examples) {
    long targets = examples.stream().mapToLong(Example::targets).sum();
    if (targets == 0) {
      throw new TrainerException(
          "%d examples without a target: expected at least one".formatted(examples.size()));
    }
    double[] loss = new double[1];
    model.accumulate(
        RowPacker.pack(examples, packLength),
        microRows,
        (batch, logprobs) -> {
          Tensor right = batch.ofTargets(logprobs).sum().mul(new Scalar(1 - smoothing));
          Tensor even = logprobs.mean(1).sum().mul(new Scalar(smoothing));
          Tensor mean = right.add(even).neg().div(new Scalar((double) targets));
          loss[0] += mean.item_double();
          return mean;
        });
    model.update();
    return loss[0];
  }
}

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

  /**
   * Trains {@code model}, which the caller owns.
   *
   * @param packLength tokens of a packed row
   * @param microRows rows that go through the model at once
   */
  public SupervisedTrainer(TrainableModel model, int packLength, int microRows) {
    this.model = model;
    this.packLength = packLength;
    this.microRows = microRows;
  }

  /** Takes one step. Returns the mean loss before it, in nats a target token. */
  public double step(List<Example> examples) {
    long targets = examples.stream().mapToLong(Example::targets).sum();
    double[] loss = new double[1];
    model.accumulate(
        RowPacker.pack(examples, packLength),
        microRows,
        (batch, logprobs) -> {
          Tensor sum = batch.ofTargets(logprobs).sum().neg().div(new Scalar((double) targets));
          loss[0] += sum.item_double();
          return sum;
        });
    model.update();
    return loss[0];
  }
}

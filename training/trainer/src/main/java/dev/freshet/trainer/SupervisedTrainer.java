package dev.freshet.trainer;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Supervised fine-tuning. The loss is the mean negative logprob of the target tokens. Belongs to
 * one thread at a time.
 */
public final class SupervisedTrainer {
  private final TrainableModel model;
  private final int packLength;
  private final int microTokens;
  private final double smoothing;

  /**
   * Trains {@code model}, which the caller owns.
   *
   * @param packLength the most tokens of a packed row, and so of an example
   * @param microTokens the most tokens that are computed at the same time, padding included
   * @param smoothing the share of each target that is spread evenly over the vocabulary; it keeps
   *     the entropy high enough for exploration
   */
  public SupervisedTrainer(
      TrainableModel model, int packLength, int microTokens, double smoothing) {
    this.model = model;
    this.packLength = packLength;
    this.microTokens = microTokens;
    this.smoothing = smoothing;
  }

  /**
   * Takes one step. Returns the mean loss before the step, in nats per target token.
   *
   * @throws TrainerException if an example is too long or has a token outside the vocabulary, no
   *     example has a target, or the gradient is not finite; the weights are unchanged then
   */
  public double step(List<Example> examples) {
    long targets = examples.stream().mapToLong(Example::targets).sum();
    if (targets == 0) {
      throw new TrainerException(
          "%d examples without a target: expected at least one".formatted(examples.size()));
    }
    examples.forEach(this::requireKnownTokens);
    double[] losses = new double[model.workers()];
    model.accumulate(
        examples,
        packLength,
        microTokens,
        worker ->
            (_, scores) -> {
              Tensor right = scores.logprobs().sum().mul(new Scalar(1 - smoothing));
              Tensor even = scores.means().sum().mul(new Scalar(smoothing));
              Tensor mean = right.add(even).neg().div(new Scalar((double) targets));
              losses[worker] += mean.item_double();
              return mean;
            });
    model.update();
    return Arrays.stream(losses).sum();
  }

  private void requireKnownTokens(Example example) {
    int vocabSize = model.config().vocabSize();
    for (int token : example.tokens()) {
      if (token < 0 || token >= vocabSize) {
        throw new TrainerException(
            "an example has token id %d: expected 0 to %d, the rows of the model's embedding; its tokenizer has more tokens"
                .formatted(token, vocabSize - 1));
      }
    }
  }
}

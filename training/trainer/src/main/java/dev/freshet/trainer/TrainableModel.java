package dev.freshet.trainer;

import dev.freshet.model.Decoder;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelWeights;
import dev.freshet.weights.TensorView;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A decoder with an optimizer, which changes the decoder's 32-bit weights in place. Belongs to one
 * thread at a time; the owner closes it.
 */
public final class TrainableModel implements AutoCloseable {
  private final ModelWeights weights;
  private final Decoder decoder;
  private final TrainingPrecision precision;
  private final LanguageHead head;
  private final OptimizerConfig config;
  private final TensorVector parameters;
  private final AdamW optimizer;
  private long steps;

  /**
   * Makes weights trainable.
   *
   * @param weights 32-bit weights in their own memory; closed with this object
   */
  public TrainableModel(ModelWeights weights, TrainingPrecision precision, OptimizerConfig config) {
    this.weights = weights;
    this.decoder = new Decoder(weights);
    this.precision = precision;
    this.head = new LanguageHead(weights.head(), precision.type(), LanguageHead.CHUNK_BYTES);
    this.config = config;
    weights.tensors().values().forEach(tensor -> tensor.set_requires_grad(true));
    try (PointerScope _ = new PointerScope()) {
      this.parameters = new TensorVector(weights.tensors().values().toArray(Tensor[]::new));
      this.optimizer = new AdamW(parameters, options(config));
      parameters.retainReference();
      optimizer.retainReference();
    }
  }

  private static AdamWOptions options(OptimizerConfig config) {
    AdamWOptions options = new AdamWOptions(config.lr());
    // A std::tuple, whose order in memory depends on the C++ library. The defaults 0.9 and 0.999
    // reveal it.
    DoublePointer betas = options.betas();
    boolean firstFirst = betas.get(0) < betas.get(1);
    betas.put(firstFirst ? 0 : 1, config.beta1());
    betas.put(firstFirst ? 1 : 0, config.beta2());
    options.eps().put(config.eps());
    options.weight_decay().put(config.weightDecay());
    return options;
  }

  /** The shape of the model. */
  public ModelConfig config() {
    return weights.config();
  }

  /** The weights as views for writing a checkpoint; valid until the next update. */
  public List<TensorView> views() {
    return weights.views();
  }

  /**
   * Runs the model over micro-batches of packed sequences and adds the gradient of the loss to the
   * accumulated gradient. If {@code loss} throws, the gradient is cleared.
   */
  void accumulate(List<List<List<Example>>> microBatches, TokenLoss loss) {
    try {
      for (List<List<Example>> rows : microBatches) {
        if (rows.stream().flatMap(List::stream).anyMatch(example -> example.targets() > 0)) {
          try (PointerScope _ = new PointerScope()) {
            accumulate(MicroBatch.of(rows), loss);
          }
        }
      }
    } catch (RuntimeException e) {
      optimizer.zero_grad();
      throw e;
    }
  }

  private void accumulate(MicroBatch batch, TokenLoss loss) {
    Tensor hidden = predicting(batch);
    Tensor gradient = head.backward(hidden.detach(), batch.targets(), loss);
    hidden.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
  }

  private Tensor predicting(MicroBatch batch) {
    try (Autocast _ = new Autocast(precision)) {
      return batch.predicting(decoder);
    }
  }

  /**
   * Clips the accumulated gradient, takes one optimizer step and clears the gradient. Returns the
   * gradient's norm before clipping.
   *
   * @throws TrainerException if the norm is not finite; the gradient is cleared and the weights are
   *     unchanged then
   */
  double update() {
    try (PointerScope _ = new PointerScope()) {
      double norm = torch.clip_grad_norm_(parameters, config.maxGradNorm());
      if (!Double.isFinite(norm)) {
        optimizer.zero_grad();
        throw new TrainerException(
            "the gradient's norm is %s: expected a finite number".formatted(norm));
      }
      steps++;
      for (OptimizerParamGroup group : groups()) {
        group.options().set_lr(config.lrAt(steps));
      }
      optimizer.step();
      optimizer.zero_grad();
      return norm;
    }
  }

  private List<OptimizerParamGroup> groups() {
    List<OptimizerParamGroup> groups = new ArrayList<>();
    for (long i = 0; i < optimizer.param_groups().size(); i++) {
      groups.add(optimizer.param_groups().get(i));
    }
    return groups;
  }

  /** The learning rate of the last update. */
  double lr() {
    return config.lrAt(Math.max(1, steps));
  }

  @Override
  public void close() {
    optimizer.close();
    parameters.close();
    decoder.close();
    weights.close();
  }
}

package dev.freshet.trainer;

import dev.freshet.model.Decoder;
import dev.freshet.model.ModelWeights;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The model as one worker sees it: the shared weights, and a gradient of its own, to which every
 * micro-batch adds. Belongs to one thread at a time; the owner closes it before the weights.
 */
final class Replica implements AutoCloseable {
  private final ModelWeights weights;
  private final ParameterBlock gradient;
  private final Decoder decoder;
  private final LanguageHead head;
  private final Pass pass;
  private final Optional<ReferencePolicy> reference;

  /**
   * A replica whose gradient is zero.
   *
   * @param computed the trained parameters in the type of linear layers
   * @param reference the weights of a policy whose logprobs the loss needs
   */
  Replica(
      ModelWeights shared,
      ParameterBlock computed,
      Optional<ModelWeights> reference,
      Execution execution) {
    this.weights = shared.sharing();
    this.gradient = ParameterBlock.zeros(weights);
    try (PointerScope _ = new PointerScope()) {
      Map<String, Tensor> trained = weights.trained();
      gradient
          .views(weights)
          .forEach(
              (name, view) ->
                  Objects.requireNonNull(trained.get(name))
                      .set_requires_grad(true)
                      .mutable_grad()
                      .put(view));
    }
    this.head =
        new LanguageHead(
            weights.head(),
            weights.headAdapter().map(HeadAdapter::new),
            execution.precision().type(),
            LanguageHead.CHUNK_BYTES);
    this.reference = reference.map(policy -> new ReferencePolicy(policy, execution.precision()));
    if (WrittenPass.trains(weights)) {
      WrittenPass written =
          new WrittenPass(weights, execution.precision().type(), execution.recomputes());
      this.pass = written;
      this.decoder = written.decoder(computed, gradient);
    } else {
      this.pass = execution.pass();
      this.decoder = new Decoder(weights);
    }
  }

  /** The sum of the gradients of all micro-batches since it was last set to zero. */
  ParameterBlock gradient() {
    return gradient;
  }

  /** Runs the model over packed rows and adds the gradient of the loss. */
  void accumulate(List<Row> rows, TokenLoss loss) {
    try (PointerScope _ = new PointerScope()) {
      MicroBatch batch = MicroBatch.of(rows);
      MicroBatch scored = reference.map(policy -> policy.scored(batch)).orElse(batch);
      pass.run(decoder, head, scored, loss);
    }
  }

  @Override
  public void close() {
    reference.ifPresent(ReferencePolicy::close);
    decoder.close();
    weights.close();
    gradient.close();
  }
}

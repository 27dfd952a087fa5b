package dev.freshet.trainer;

import dev.freshet.model.Decoder;
import dev.freshet.model.ModelWeights;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * A policy that is not trained, from which the one being trained is kept from drifting, as one
 * worker sees it. Belongs to one thread at a time; the owner closes it before the weights.
 */
final class ReferencePolicy implements AutoCloseable {
  private final ModelWeights weights;
  private final TrainingPrecision precision;
  private final Decoder decoder;
  private final LanguageHead head;

  /**
   * @param shared weights in 32-bit floats without a gradient
   */
  ReferencePolicy(ModelWeights shared, TrainingPrecision precision) {
    this.weights = shared.sharing();
    this.precision = precision;
    this.decoder = new Decoder(weights);
    this.head =
        new LanguageHead(
            weights.head(),
            weights.headAdapter().map(HeadAdapter::new),
            precision.type(),
            LanguageHead.CHUNK_BYTES);
  }

  /** The batch with the logprobs of its targets under this policy. */
  MicroBatch scored(MicroBatch batch) {
    PointerScope scope = Objects.requireNonNull(PointerScope.getInnerScope(), "no open scope");
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Tensor logprobs = head.logprobs(hidden(batch), batch.targets());
      scope.attach(logprobs);
      return batch.withReference(logprobs);
    }
  }

  private Tensor hidden(MicroBatch batch) {
    try (Autocast _ = new Autocast(precision)) {
      return batch.predicting(decoder);
    }
  }

  @Override
  public void close() {
    decoder.close();
    weights.close();
  }
}

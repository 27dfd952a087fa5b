package dev.freshet.engine;

import dev.freshet.model.Torch;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Chooses the tokens of a step, row by row in order. What only some rows need, such as the most
 * likely token or probabilities, is computed only if there are such rows. Valid while its tensors
 * live.
 */
final class Choice {
  private final List<GenerationRequest> requests;
  private final int vocab;

  /** The most likely token of each greedy row, in order. */
  private final Optional<LongBuffer> mostLikely;

  private final Optional<FloatBuffer> probabilities;
  private final Optional<Inversion> inversion;
  private final Optional<Truncation> truncation;

  /**
   * @param logits {@code [rows, vocabSize]}, after the edits
   * @param logprobs the same after temperature and softmax
   * @param keepsLogprobs whether {@code logprobs} must not be overwritten
   */
  Choice(Tensor logits, Tensor logprobs, List<GenerationRequest> requests, boolean keepsLogprobs) {
    this.requests = requests;
    this.vocab = Math.toIntExact(logits.size(1));
    this.mostLikely =
        Sampler.any(requests, GenerationRequest::isGreedy)
            ? Optional.of(mostLikely(Sampler.rows(logits, requests, GenerationRequest::isGreedy)))
            : Optional.empty();
    Optional<Tensor> drawn =
        Sampler.any(requests, request -> !request.isGreedy())
            ? Optional.of(keepsLogprobs ? logprobs.exp() : logprobs.exp_())
            : Optional.empty();
    this.probabilities = drawn.map(Torch::floatView);
    this.inversion =
        drawn
            .filter(_ -> Sampler.any(requests, GenerationRequest::isDrawnWhole))
            .map(Inversion::new);
    this.truncation =
        drawn
            .filter(_ -> Sampler.any(requests, GenerationRequest::isTruncated))
            .map(_ -> new Truncation(vocab));
  }

  /** libtorch's argmax is the first of equal ones. */
  private static LongBuffer mostLikely(Tensor logits) {
    return Torch.longView(torch.argmax(logits, new LongOptional(-1), false));
  }

  /** Chooses the token of the next row. */
  int token(int row, SplittableRandom random) {
    GenerationRequest request = requests.get(row);
    if (request.isGreedy()) {
      return Math.toIntExact(mostLikely.orElseThrow().get());
    }
    double uniform = random.nextDouble();
    if (!request.isTruncated()) {
      return inversion.orElseThrow().draw(row, uniform);
    }
    Truncation kept = truncation.orElseThrow();
    kept.truncate(probabilities.orElseThrow(), row * vocab, request);
    return kept.draw(uniform);
  }

  /** The sample of the row that was chosen last, with logprobs of what the truncation kept. */
  Sampler.Sample amongKept(int row, Sampler.Sample sample) {
    return requests.get(row).isTruncated() ? truncation.orElseThrow().renormalized(sample) : sample;
  }
}

package dev.freshet.engine;

import dev.freshet.model.Torch;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/**
 * Reads the logprobs to report out of one tensor, row by row in order. Valid while the tensor
 * lives.
 */
final class Logprobs {
  private final List<GenerationRequest> requests;
  private final FloatBuffer logprobs;
  private final int vocab;
  private final Optional<TopTokens> top;

  /** How many rows with alternatives were read. */
  private int topRows;

  /**
   * @param logprobs {@code [rows, vocabSize]}, contiguous 32-bit floats
   * @param read the requests whose rows are read
   */
  Logprobs(Tensor logprobs, List<GenerationRequest> requests, Predicate<GenerationRequest> read) {
    this.requests = requests;
    this.logprobs = Torch.floatView(logprobs);
    this.vocab = Math.toIntExact(logprobs.size(1));
    Predicate<GenerationRequest> wanted =
        request -> read.test(request) && request.topLogprobs() > 0;
    int most =
        requests.stream().filter(wanted).mapToInt(GenerationRequest::topLogprobs).max().orElse(0);
    this.top =
        most > 0
            ? Optional.of(new TopTokens(Sampler.rows(logprobs, requests, wanted), most))
            : Optional.empty();
  }

  /** The sample of the next row that is read. */
  Sampler.Sample sample(int row, int token) {
    int count = requests.get(row).topLogprobs();
    return new Sampler.Sample(
        token,
        logprobs.get(row * vocab + token),
        count > 0 ? top.orElseThrow().of(topRows++, count) : List.of());
  }
}

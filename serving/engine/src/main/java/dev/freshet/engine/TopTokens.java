package dev.freshet.engine;

import dev.freshet.model.Torch;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The most likely tokens of each row of a tensor of logprobs, most likely first, of equal ones the
 * lower id first. Valid while the tensor lives.
 */
final class TopTokens {
  private static final Comparator<TokenEvent.TopLogprob> MOST_LIKELY_FIRST =
      Comparator.comparingDouble(TokenEvent.TopLogprob::logprob)
          .reversed()
          .thenComparingInt(TokenEvent.TopLogprob::token);

  private final FloatBuffer logprobs;
  private final int vocab;
  private final int width;
  private final FloatBuffer values;
  private final LongBuffer tokens;

  /**
   * @param logprobs {@code [rows, vocabSize]}, contiguous 32-bit floats
   * @param most the most tokens that are asked for in a row
   */
  TopTokens(Tensor logprobs, int most) {
    this.logprobs = Torch.floatView(logprobs);
    this.vocab = Math.toIntExact(logprobs.size(1));
    // One more tells whether the last one has equals.
    this.width = Math.min(most + 1, vocab);
    T_TensorTensor_T top = torch.topk(logprobs, width, -1, true, true);
    this.values = Torch.floatView(top.get0().contiguous());
    this.tokens = Torch.longView(top.get1().contiguous());
  }

  /** The {@code count} most likely tokens of a row; fewer if the vocabulary has fewer. */
  List<TokenEvent.TopLogprob> of(int row, int count) {
    int kept = Math.min(count, vocab);
    int first = row * width;
    float last = values.get(first + kept - 1);
    boolean cutsEquals = kept < width && values.get(first + kept) == last;
    List<TokenEvent.TopLogprob> best = new ArrayList<>(kept);
    for (int i = 0; i < kept; i++) {
      float logprob = values.get(first + i);
      if (!cutsEquals || logprob != last) {
        best.add(new TokenEvent.TopLogprob(Math.toIntExact(tokens.get(first + i)), logprob));
      }
    }
    for (int token = 0; best.size() < kept && token < vocab; token++) {
      if (logprobs.get(row * vocab + token) == last) {
        best.add(new TokenEvent.TopLogprob(token, last));
      }
    }
    best.sort(MOST_LIKELY_FIRST);
    return best;
  }
}

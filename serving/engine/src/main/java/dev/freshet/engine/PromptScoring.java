package dev.freshet.engine;

import dev.freshet.model.Torch;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Computes the logprobs of a prompt's tokens, a few at a time: logits take much memory. It runs on
 * the engine's thread, so every sequence of the step waits for it: for the logits of as many tokens
 * as the step has of the prompt, which {@code inference.step_tokens} bounds.
 */
final class PromptScoring {
  /** How many tokens' logits are computed at once. */
  private static final int ROWS = 32;

  private PromptScoring() {}

  /**
   * Reports the tokens of the prompt that follow those of a chunk.
   *
   * @param hidden the hidden states of the chunk's tokens, {@code [tokens, hiddenSize]}
   * @param logits computes logits {@code [rows, vocabSize]}, 32-bit floats, of hidden states
   */
  static void score(Chunk chunk, Tensor hidden, UnaryOperator<Tensor> logits) {
    Sequence sequence = chunk.sequence();
    int count = Math.min(chunk.count(), sequence.promptLength() - 1 - chunk.start());
    for (int first = 0; first < count; first += ROWS) {
      int rows = Math.min(ROWS, count - first);
      try (PointerScope _ = new PointerScope()) {
        Tensor logprobs =
            torch.log_softmax(logits.apply(hidden.narrow(0, first, rows)).contiguous(), -1);
        report(sequence, chunk.start() + first + 1, rows, logprobs);
      }
    }
  }

  private static void report(Sequence sequence, int position, int rows, Tensor logprobs) {
    FloatBuffer values = Torch.floatView(logprobs);
    int vocab = Math.toIntExact(logprobs.size(1));
    int count = sequence.request().promptLogprobs().orElseThrow();
    Optional<TopTokens> top =
        count > 0 ? Optional.of(new TopTokens(logprobs, count)) : Optional.empty();
    for (int row = 0; row < rows; row++) {
      int token = sequence.token(position + row);
      float logprob = values.get(row * vocab + token);
      int rank = rank(values, row * vocab, vocab, logprob);
      List<TokenEvent.TopLogprob> best = top.isPresent() ? top.get().of(row, count) : List.of();
      sequence.promptLogprob(position + row, new PromptLogprob(token, logprob, rank, best));
    }
  }

  private static int rank(FloatBuffer values, int from, int vocab, float logprob) {
    int rank = 0;
    for (int i = from; i < from + vocab; i++) {
      if (values.get(i) >= logprob) {
        rank++;
      }
    }
    return rank;
  }
}

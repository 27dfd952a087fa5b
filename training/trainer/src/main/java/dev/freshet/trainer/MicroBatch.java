package dev.freshet.trainer;

import dev.freshet.model.Decoder;
import dev.freshet.model.FullAttention;
import dev.freshet.model.Torch;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Packed rows as tensors, with the target tokens of all their sequences as flat lists of length n.
 * Belongs to the {@code PointerScope} in which it is made.
 *
 * @param tokens {@code [rows, time]}
 * @param positions each token's position in its own sequence, {@code [rows, time]}
 * @param segments index of the token's sequence in the row, −1 for padding, {@code [rows, time]}
 * @param predictors flat index of the token whose hidden state predicts each target, {@code [n]}
 * @param targets the target token ids, {@code [n]}
 * @param behaviour the targets' logprobs under the policy that generated them, {@code [n]}
 * @param advantages the targets' advantages, {@code [n]}
 */
record MicroBatch(
    Tensor tokens,
    Tensor positions,
    Tensor segments,
    Tensor predictors,
    Tensor targets,
    Tensor behaviour,
    Tensor advantages) {

  static MicroBatch of(List<List<Example>> rows) {
    int time =
        rows.stream()
            .mapToInt(row -> row.stream().mapToInt(e -> e.tokens().length).sum())
            .max()
            .orElse(0);
    int count = rows.stream().flatMap(List::stream).mapToInt(Example::targets).sum();
    long[] tokens = new long[rows.size() * time];
    long[] positions = new long[tokens.length];
    long[] segments = new long[tokens.length];
    Arrays.fill(segments, -1);
    long[] predictors = new long[count];
    long[] targets = new long[count];
    float[] behaviour = new float[count];
    float[] advantages = new float[count];
    int n = 0;
    for (int r = 0; r < rows.size(); r++) {
      int at = Math.multiplyExact(r, time);
      for (int segment = 0; segment < rows.get(r).size(); segment++) {
        Example example = rows.get(r).get(segment);
        for (int i = 0; i < example.tokens().length; i++, at++) {
          tokens[at] = example.tokens()[i];
          positions[at] = i;
          segments[at] = segment;
          if (example.target()[i]) {
            predictors[n] = at - 1L;
            targets[n] = example.tokens()[i];
            behaviour[n] = example.logprobs()[i];
            advantages[n] = example.advantage();
            n++;
          }
        }
      }
    }
    return new MicroBatch(
        Torch.longs(tokens, rows.size(), time),
        Torch.longs(positions, rows.size(), time),
        Torch.longs(segments, rows.size(), time),
        Torch.longs(predictors, count),
        Torch.longs(targets, count),
        Torch.floats(behaviour, count),
        Torch.floats(advantages, count));
  }

  /**
   * The model's logprobs of the whole vocabulary at the positions that predict the targets, {@code
   * [n, vocabSize]}.
   */
  Tensor logprobs(Decoder decoder) {
    Tensor hidden =
        decoder.hidden(
            tokens,
            positions,
            new FullAttention(decoder.config(), positions, segments, torch.ScalarType.Float));
    Tensor predicting = hidden.view(-1, decoder.config().hiddenSize()).index_select(0, predictors);
    return torch.log_softmax(decoder.logits(predicting), -1);
  }

  /** The logprobs of the targets, {@code [n]}, from those of the whole vocabulary. */
  Tensor ofTargets(Tensor logprobs) {
    return logprobs.gather(1, targets.unsqueeze(1)).squeeze(1);
  }
}

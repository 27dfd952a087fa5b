package dev.freshet.trainer;

import dev.freshet.model.Attention;
import dev.freshet.model.Decoder;
import dev.freshet.model.FullAttention;
import dev.freshet.model.Torch;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Packed rows as tensors, with the n target tokens of all their sequences. Belongs to the {@code
 * PointerScope} in which it is made.
 *
 * @param tokens {@code [rows, time]}
 * @param positions each token's position in its own sequence, {@code [rows, time]}
 * @param segments index of the token's sequence in the row, −1 for padding, {@code [rows, time]}
 * @param predictors flat index of the token whose hidden state predicts each target, {@code [n]}
 * @param targets the target tokens of all sequences
 */
record MicroBatch(
    Tensor tokens, Tensor positions, Tensor segments, Tensor predictors, Targets targets) {

  static MicroBatch of(List<Row> rows) {
    int time = rows.stream().mapToInt(Row::tokens).max().orElse(0);
    long[] tokens = new long[rows.size() * time];
    long[] positions = new long[tokens.length];
    long[] segments = new long[tokens.length];
    Arrays.fill(segments, -1);
    TargetLists targets = new TargetLists(rows.stream().mapToInt(Row::targets).sum());
    for (int r = 0; r < rows.size(); r++) {
      int at = Math.multiplyExact(r, time);
      List<Example> examples = rows.get(r).examples();
      for (int segment = 0; segment < examples.size(); segment++) {
        Example example = examples.get(segment);
        targets.add(example, at);
        for (int i = 0; i < example.tokens().length; i++, at++) {
          tokens[at] = example.tokens()[i];
          positions[at] = i;
          segments[at] = segment;
        }
      }
    }
    return new MicroBatch(
        Torch.longs(tokens, rows.size(), time),
        Torch.longs(positions, rows.size(), time),
        Torch.longs(segments, rows.size(), time),
        targets.predictors(),
        targets.tensors());
  }

  /** The same rows, whose targets have their logprobs under a reference policy. */
  MicroBatch withReference(Tensor logprobs) {
    return new MicroBatch(tokens, positions, segments, predictors, targets.withReference(logprobs));
  }

  /** The hidden states that predict the targets, {@code [n, hiddenSize]}. */
  Tensor predicting(Decoder decoder) {
    return predicting(decoder.hidden(tokens, attention(decoder)));
  }

  /** Those of all tokens' that predict the targets, {@code [n, hiddenSize]}. */
  Tensor predicting(Tensor hidden) {
    return hidden.view(-1, hidden.size(-1)).index_select(0, predictors);
  }

  /** The attention of every sequence to itself, in 32-bit floats. */
  Attention attention(Decoder decoder) {
    return Autocast.excluding(
        new FullAttention(decoder.config(), positions, segments, ScalarType.Float));
  }
}

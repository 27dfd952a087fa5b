package dev.freshet.trainer;

import dev.freshet.model.Torch;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** Collects the target tokens of a micro-batch, sequence by sequence. Not thread-safe. */
final class TargetLists {
  private final long[] predictors;
  private final long[] tokens;
  private final float[] behaviour;
  private final float[] advantages;
  private final long[] lags;
  private final float[] temperatures;
  private final long[] sequences;
  private final float[] sequenceTokens;
  private boolean tempered;
  private int count;
  private int sequence;

  /**
   * @param targets the number of target tokens of all sequences
   */
  TargetLists(int targets) {
    predictors = new long[targets];
    tokens = new long[targets];
    behaviour = new float[targets];
    advantages = new float[targets];
    lags = new long[targets];
    temperatures = new float[targets];
    sequences = new long[targets];
    sequenceTokens = new float[targets];
  }

  /**
   * Adds a sequence.
   *
   * @param at the flat index of its first token
   */
  void add(Example example, int at) {
    int length = example.targets();
    for (int i = 0; i < example.tokens().length; i++) {
      if (example.target()[i]) {
        predictors[count] = at + i - 1L;
        tokens[count] = example.tokens()[i];
        behaviour[count] = example.logprobs()[i];
        advantages[count] = example.advantage();
        lags[count] = example.lags()[i];
        temperatures[count] = example.temperature();
        sequences[count] = sequence;
        sequenceTokens[count] = length;
        count++;
      }
    }
    tempered |= length > 0 && example.temperature() != 1;
    sequence += length > 0 ? 1 : 0;
  }

  /** Flat index of the token whose hidden state predicts each target, {@code [n]}. */
  Tensor predictors() {
    return Torch.longs(predictors, count);
  }

  /** The targets. */
  Targets tensors() {
    return new Targets(
        Torch.longs(tokens, count),
        Torch.floats(behaviour, count),
        Torch.floats(advantages, count),
        Torch.longs(lags, count),
        tempered ? Optional.of(Torch.floats(temperatures, count)) : Optional.empty(),
        new Targets.Sequences(
            Torch.longs(sequences, count),
            Torch.floats(sequenceTokens, count),
            Torch.floats(new float[count], count)),
        Optional.empty());
  }
}

package dev.freshet.lab.train;

import dev.freshet.trainer.Example;
import dev.freshet.trainer.TrainingPrecision;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;

/**
 * What to measure: steps on one batch of sequences of equal length, of which every token but the
 * first is a target.
 *
 * @param sequences the number of sequences
 * @param tokens the tokens of each sequence
 * @param microTokens the most tokens that Freshet computes at the same time
 * @param threads the number of threads
 * @param precision of Freshet's linear layers
 * @param recomputes whether Freshet recomputes activations in the backward pass
 * @param torchPrecision of PyTorch's, under autocast
 * @param steps the number of steps that count, after one that does not
 */
public record TrainPlan(
    int sequences,
    int tokens,
    int microTokens,
    int threads,
    TrainingPrecision precision,
    boolean recomputes,
    TrainingPrecision torchPrecision,
    int steps) {

  /** The learning rate, so low that the loss of every step is about the same. */
  static final double LR = 1e-5;

  /** The token ids of every sequence; the same at every call. */
  int[][] batch(int vocabSize) {
    Random random = new Random(1);
    return Stream.generate(() -> random.ints(tokens, 0, vocabSize).toArray())
        .limit(sequences)
        .toArray(int[][]::new);
  }

  /** A sequence all of whose tokens but the first are targets. */
  static Example example(int[] tokens) {
    return Example.supervised(
        Arrays.copyOf(tokens, 1), Arrays.copyOfRange(tokens, 1, tokens.length));
  }

  /** Target tokens of a batch. */
  long targets() {
    return (long) sequences * (tokens - 1);
  }
}

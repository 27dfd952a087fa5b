package dev.freshet.trainer;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Target tokens as flat lists of length n.
 *
 * @param tokens the token ids, {@code [n]}
 * @param behaviour their logprobs under the policy that generated them, {@code [n]}
 * @param advantages their advantages, {@code [n]}
 * @param lags by how many versions the policy that generated them is older, {@code [n]}
 * @param temperatures those of the distributions that they were sampled from, {@code [n]}; empty if
 *     all are 1
 * @param sequences the sequences that they belong to
 * @param reference their logprobs under the reference policy, {@code [n]}, if there is one
 */
record Targets(
    Tensor tokens,
    Tensor behaviour,
    Tensor advantages,
    Tensor lags,
    Optional<Tensor> temperatures,
    Sequences sequences,
    Optional<Tensor> reference) {

  /**
   * The sequences of target tokens. A sequence has all its targets in one micro-batch.
   *
   * @param index each target's sequence, from 0, {@code [n]}
   * @param tokens the number of targets of each target's whole sequence, as floats, {@code [n]}
   * @param logRatios the sum of log π − log μ over each target's whole sequence, {@code [n]}; 0
   *     unless the loss needs it
   */
  record Sequences(Tensor index, Tensor tokens, Tensor logRatios) {
    private Sequences range(long from, long count) {
      return new Sequences(
          index.narrow(0, from, count),
          tokens.narrow(0, from, count),
          logRatios.narrow(0, from, count));
    }
  }

  /** The number of targets. */
  long count() {
    return tokens.size(0);
  }

  /** The targets {@code from} to {@code from + count − 1}. */
  Targets range(long from, long count) {
    return new Targets(
        tokens.narrow(0, from, count),
        behaviour.narrow(0, from, count),
        advantages.narrow(0, from, count),
        lags.narrow(0, from, count),
        temperatures.map(all -> all.narrow(0, from, count)),
        sequences.range(from, count),
        reference.map(all -> all.narrow(0, from, count)));
  }

  /** The same targets with their logprobs under a reference policy. */
  Targets withReference(Tensor logprobs) {
    return new Targets(
        tokens, behaviour, advantages, lags, temperatures, sequences, Optional.of(logprobs));
  }

  /**
   * The same targets, with the sums over sequences that follow from the logprobs of all of them
   * under the policy being trained.
   */
  Targets withPolicy(Tensor logprobs) {
    // As many sums as targets: a sequence has at least one.
    Tensor sums =
        torch.zeros_like(behaviour).index_add_(0, sequences.index(), logprobs.sub(behaviour));
    return new Targets(
        tokens,
        behaviour,
        advantages,
        lags,
        temperatures,
        new Sequences(
            sequences.index(), sequences.tokens(), sums.index_select(0, sequences.index())),
        reference);
  }
}

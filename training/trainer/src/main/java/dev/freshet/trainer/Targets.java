package dev.freshet.trainer;

import org.bytedeco.pytorch.Tensor;

/**
 * Target tokens as flat lists of length n.
 *
 * @param tokens the token ids, {@code [n]}
 * @param behaviour their logprobs under the policy that generated them, {@code [n]}
 * @param advantages their advantages, {@code [n]}
 */
record Targets(Tensor tokens, Tensor behaviour, Tensor advantages) {
  /** The number of targets. */
  long count() {
    return tokens.size(0);
  }

  /** The targets {@code from} to {@code from + count − 1}. */
  Targets range(long from, long count) {
    return new Targets(
        tokens.narrow(0, from, count),
        behaviour.narrow(0, from, count),
        advantages.narrow(0, from, count));
  }
}

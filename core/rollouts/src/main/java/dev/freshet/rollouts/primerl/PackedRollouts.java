package dev.freshet.rollouts.primerl;

import dev.freshet.rollouts.Rollout;
import java.util.ArrayList;
import java.util.List;

/**
 * Rollouts laid end to end: a micro-batch of prime-rl, whose trainer computes one at a time.
 *
 * @param rollouts in their order
 * @param padding the number of tokens after the last rollout that belong to none; they count as
 *     tokens of the last one
 * @param trained false if nothing of it is trained on: a rank computes it because all ranks compute
 *     the same number
 */
record PackedRollouts(List<Rollout> rollouts, int padding, boolean trained) {
  PackedRollouts {
    rollouts = List.copyOf(rollouts);
    if (rollouts.isEmpty() || padding < 0) {
      throw new IllegalArgumentException(
          "%d rollouts and %d tokens of padding: expected at least one rollout and 0 or more"
              .formatted(rollouts.size(), padding));
    }
  }

  /** The number of tokens, padding included. */
  int tokens() {
    return rollouts.stream().mapToInt(PackedRollouts::length).sum() + padding;
  }

  /** The tokens of each rollout; padding counts as the last one's. */
  List<Integer> lengths() {
    List<Integer> lengths = new ArrayList<>(rollouts.stream().map(PackedRollouts::length).toList());
    lengths.set(lengths.size() - 1, lengths.getLast() + padding);
    return lengths;
  }

  /** The same with as much padding as makes the number of tokens a multiple of {@code multiple}. */
  PackedRollouts padded(int multiple) {
    return new PackedRollouts(rollouts, padding + Math.floorMod(-tokens(), multiple), trained);
  }

  /** The same, with nothing of it trained on. */
  PackedRollouts untrained() {
    return new PackedRollouts(rollouts, padding, false);
  }

  static int length(Rollout rollout) {
    return rollout.trajectory().length();
  }
}

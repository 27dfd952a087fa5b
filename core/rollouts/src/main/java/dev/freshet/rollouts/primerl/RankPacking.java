package dev.freshet.rollouts.primerl;

import dev.freshet.rollouts.BatchException;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Packs the rollouts of a batch into micro-batches and divides these among the ranks of a trainer,
 * each of which gets the same number, with about equal numbers of tokens. What is missing to that
 * number is a copy of a micro-batch of which nothing is trained on. The result depends only on the
 * batch.
 *
 * @param ranks the data-parallel ranks of the trainer
 * @param mostTokens the most tokens of a micro-batch, and so of a rollout: prime-rl's {@code
 *     seq_len}
 * @param multiple of which the tokens of a micro-batch are one, by padding
 */
public record RankPacking(int ranks, int mostTokens, int multiple) {
  public RankPacking {
    if (ranks < 1 || multiple < 1 || mostTokens < multiple || mostTokens % multiple != 0) {
      throw new IllegalArgumentException(
          "%d ranks, at most %d tokens, a multiple of %d: expected 1 or more ranks, and at most a multiple"
              .formatted(ranks, mostTokens, multiple));
    }
  }

  /**
   * The micro-batches of each rank, all equally many.
   *
   * @throws BatchException if a rollout is longer than a micro-batch
   */
  List<List<PackedRollouts>> divide(TrainingBatch batch) {
    List<List<Rollout>> bins = packed(batch);
    boolean divisible = true;
    while (divisible && bins.size() % ranks != 0) {
      divisible = splitLargest(bins);
    }
    List<PackedRollouts> micro =
        new ArrayList<>(
            bins.stream().map(bin -> new PackedRollouts(bin, 0, true).padded(multiple)).toList());
    while (micro.size() % ranks != 0) {
      micro.add(micro.getFirst().untrained());
    }
    return shares(micro);
  }

  /** First fit, the longest first. */
  private List<List<Rollout>> packed(TrainingBatch batch) {
    List<List<Rollout>> bins = new ArrayList<>();
    for (Rollout rollout : longestFirst(batch.rollouts())) {
      int length = PackedRollouts.length(rollout);
      if (length > mostTokens) {
        throw new BatchException(
            "batch %d: rollout '%s' has %d tokens, expected at most seq_len %d of prime-rl's trainer"
                .formatted(batch.step(), rollout.id(), length, mostTokens));
      }
      bins.stream()
          .filter(bin -> tokens(bin) + length <= mostTokens)
          .findFirst()
          .orElseGet(
              () -> {
                List<Rollout> fresh = new ArrayList<>();
                bins.add(fresh);
                return fresh;
              })
          .add(rollout);
    }
    return bins;
  }

  /** Splits the largest bin that has several rollouts in two. Returns false if there is none. */
  private static boolean splitLargest(List<List<Rollout>> bins) {
    Optional<List<Rollout>> largest =
        bins.stream()
            .filter(bin -> bin.size() > 1)
            .max(Comparator.comparingInt(RankPacking::tokens));
    largest.ifPresent(
        bin -> {
          List<Rollout> kept = new ArrayList<>();
          List<Rollout> moved = new ArrayList<>();
          for (Rollout rollout : bin) { // The longest first, each to the lighter half.
            (tokens(kept) <= tokens(moved) ? kept : moved).add(rollout);
          }
          bins.set(bins.indexOf(bin), kept);
          bins.add(moved);
        });
    return largest.isPresent();
  }

  /** The largest first, each to the rank with the fewest tokens that lacks one. */
  private List<List<PackedRollouts>> shares(List<PackedRollouts> micro) {
    int each = micro.size() / ranks;
    List<List<PackedRollouts>> shares =
        Stream.generate(() -> (List<PackedRollouts>) new ArrayList<PackedRollouts>())
            .limit(ranks)
            .toList();
    List<PackedRollouts> largestFirst = new ArrayList<>(micro);
    largestFirst.sort(Comparator.comparingInt(PackedRollouts::tokens).reversed());
    for (PackedRollouts next : largestFirst) {
      IntStream.range(0, ranks)
          .mapToObj(shares::get)
          .filter(share -> share.size() < each)
          .min(
              Comparator.comparingInt(
                  share -> share.stream().mapToInt(PackedRollouts::tokens).sum()))
          .orElseThrow()
          .add(next);
    }
    return shares;
  }

  private static int tokens(List<Rollout> rollouts) {
    return rollouts.stream().mapToInt(PackedRollouts::length).sum();
  }

  private static List<Rollout> longestFirst(List<Rollout> rollouts) {
    List<Rollout> sorted = new ArrayList<>(rollouts);
    sorted.sort(Comparator.comparingInt(PackedRollouts::length).reversed());
    return sorted;
  }
}

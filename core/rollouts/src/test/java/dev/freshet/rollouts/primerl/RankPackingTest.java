package dev.freshet.rollouts.primerl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.rollouts.BatchException;
import dev.freshet.rollouts.Rollout;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RankPackingTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 7, 16})
  void everyRolloutIsTrainedOnOnceAndEveryRankHasAsManyMicroBatches(int ranks) {
    Random random = new Random(ranks);
    for (int count = 1; count <= 40; count++) {
      Rollout[] rollouts =
          IntStream.range(0, count)
              .mapToObj(_ -> Rollouts.ofLength(2 + random.nextInt(31)))
              .toArray(Rollout[]::new);

      List<List<PackedRollouts>> shares =
          new RankPacking(ranks, 32, 8).divide(Rollouts.batch(rollouts));

      assertThat(shares).hasSize(ranks);
      assertThat(shares.stream().map(List::size).distinct()).hasSize(1);
      List<PackedRollouts> all = shares.stream().flatMap(List::stream).toList();
      assertThat(all).allMatch(micro -> micro.tokens() <= 32 && micro.tokens() % 8 == 0);
      assertThat(
              all.stream()
                  .filter(PackedRollouts::trained)
                  .flatMap(micro -> micro.rollouts().stream()))
          .containsExactlyInAnyOrder(rollouts);
    }
  }

  @Test
  void rolloutsThatFitOneMicroBatchAreDividedAmongTheRanks() {
    List<List<PackedRollouts>> shares =
        new RankPacking(2, 64, 1)
            .divide(
                Rollouts.batch(
                    Rollouts.ofLength(6),
                    Rollouts.ofLength(5),
                    Rollouts.ofLength(4),
                    Rollouts.ofLength(3)));

    assertThat(shares).allSatisfy(share -> assertThat(share).hasSize(1));
    assertThat(shares.stream().map(share -> share.getFirst().tokens())).containsExactly(9, 9);
    assertThat(shares).allSatisfy(share -> assertThat(share.getFirst().trained()).isTrue());
  }

  @Test
  void aRolloutThatFitsNoMicroBatchIsAnErrorThatNamesIt() {
    assertThatThrownBy(() -> new RankPacking(1, 8, 1).divide(Rollouts.batch(Rollouts.ofLength(9))))
        .isInstanceOf(BatchException.class)
        .hasMessage(
            "batch 3: rollout 'r9' has 9 tokens, expected at most seq_len 8 of prime-rl's trainer");
  }
}

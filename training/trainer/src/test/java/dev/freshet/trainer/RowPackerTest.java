package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowPackerTest {
  @Test
  void theLongestSequenceIsPlacedFirstAndSequencesThatFitFillItsRow() {
    Example two = ofLength(2);
    Example five = ofLength(5);
    Example seven = ofLength(7);
    Example three = ofLength(3);

    assertThat(RowPacker.pack(List.of(two, five, seven, three), 10))
        .containsExactly(List.of(seven, three), List.of(five, two));
  }

  @Test
  void ofSequencesOfOneLengthTheEarlierIsPlacedFirst() {
    Example first = ofLength(4);
    Example second = ofLength(4);
    Example third = ofLength(4);

    assertThat(RowPacker.pack(List.of(first, second, third), 8))
        .containsExactly(List.of(first, second), List.of(third));
  }

  @Test
  void everySequenceIsInExactlyOneRowAndNoRowIsTooLong() {
    List<Example> examples =
        new Random(1).ints(500, 1, 33).mapToObj(RowPackerTest::ofLength).toList();

    List<List<Example>> rows = RowPacker.pack(examples, 32);

    assertThat(rows)
        .allSatisfy(
            row ->
                assertThat(row.stream().mapToInt(e -> e.tokens().length).sum())
                    .isLessThanOrEqualTo(32));
    List<Example> packed = new ArrayList<>();
    rows.forEach(packed::addAll);
    assertThat(packed).containsExactlyInAnyOrderElementsOf(examples);
    assertThat(RowPacker.pack(examples, 32)).isEqualTo(rows);
  }

  @Test
  void aSequenceLongerThanARowIsRefused() {
    assertThatThrownBy(() -> RowPacker.pack(List.of(ofLength(9)), 8))
        .isInstanceOf(TrainerException.class)
        .hasMessage("a sequence of 9 tokens: expected at most pack_length 8");
  }

  @Test
  void everyRowIsInOneMicroBatchInOrderAndNoneOfThemIsLargerThanTheBound() {
    for (int mostTokens : new int[] {32, 33, 64, 100, 4096, 1 << 20}) {
      List<List<Example>> rows =
          new Random(2).ints(300, 1, 33).mapToObj(n -> List.of(ofLength(n))).toList();

      List<List<List<Example>>> batches = RowPacker.microBatches(rows, mostTokens);

      assertThat(batches.stream().flatMap(List::stream)).containsExactlyElementsOf(rows);
      assertThat(batches)
          .isNotEmpty()
          .allSatisfy(batch -> assertThat(padded(batch)).isBetween(1, mostTokens));
      for (int i = 1; i < batches.size(); i++) {
        List<List<Example>> more = new ArrayList<>(batches.get(i - 1));
        more.add(batches.get(i).getFirst());
        assertThat(padded(more)).as("micro-batch %d is full", i - 1).isGreaterThan(mostTokens);
      }
    }
  }

  @Test
  void aRowLargerThanTheBoundIsAMicroBatchByItself() {
    List<Example> wide = List.of(ofLength(9));
    List<Example> narrow = List.of(ofLength(2));

    assertThat(RowPacker.microBatches(List.of(narrow, wide, narrow, narrow), 4))
        .containsExactly(List.of(narrow), List.of(wide), List.of(narrow, narrow));
    assertThat(RowPacker.microBatches(List.of(), 4)).isEmpty();
  }

  private static int padded(List<List<Example>> rows) {
    return rows.size()
        * rows.stream()
            .mapToInt(row -> row.stream().mapToInt(example -> example.tokens().length).sum())
            .max()
            .orElse(0);
  }

  private static Example ofLength(int length) {
    return new Example(new int[length], new boolean[length], new float[length], 0);
  }
}

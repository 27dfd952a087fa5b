package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
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
        .containsExactly(new Row(List.of(seven, three)), new Row(List.of(five, two)));
  }

  @Test
  void ofSequencesOfOneLengthTheEarlierIsPlacedFirst() {
    Example first = ofLength(4);
    Example second = ofLength(4);
    Example third = ofLength(4);

    assertThat(RowPacker.pack(List.of(first, second, third), 8))
        .containsExactly(new Row(List.of(first, second)), new Row(List.of(third)));
  }

  @Test
  void everySequenceIsInExactlyOneRowAndNoRowIsTooLong() {
    List<Example> examples =
        new Random(1).ints(500, 1, 33).mapToObj(RowPackerTest::ofLength).toList();

    List<Row> rows = RowPacker.pack(examples, 32);

    assertThat(rows).allSatisfy(row -> assertThat(row.tokens()).isLessThanOrEqualTo(32));
    List<Example> packed = new ArrayList<>();
    rows.forEach(row -> packed.addAll(row.examples()));
    assertThat(packed).containsExactlyInAnyOrderElementsOf(examples);
    assertThat(RowPacker.pack(examples, 32)).isEqualTo(rows);
  }

  @Test
  void sharesHaveEverySequenceOnceAndDifferByNoMoreThanTheLongest() {
    List<Example> examples =
        new Random(3).ints(200, 1, 33).mapToObj(RowPackerTest::ofLength).toList();
    for (int count : new int[] {1, 2, 3, 7}) {
      List<List<Example>> shares = RowPacker.shares(examples, count);

      assertThat(shares).hasSize(count);
      assertThat(shares.stream().flatMap(List::stream))
          .containsExactlyInAnyOrderElementsOf(examples);
      List<Integer> tokens = shares.stream().map(share -> new Row(share).tokens()).toList();
      assertThat(Collections.max(tokens) - Collections.min(tokens)).isLessThanOrEqualTo(32);
      assertThat(RowPacker.shares(examples, count)).isEqualTo(shares);
    }
    assertThat(RowPacker.shares(examples.subList(0, 1), 2))
        .containsExactly(examples.subList(0, 1), List.of());
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
      List<Row> rows =
          new Random(2).ints(300, 1, 33).mapToObj(n -> new Row(List.of(ofLength(n)))).toList();

      List<List<Row>> batches = RowPacker.microBatches(rows, mostTokens);

      assertThat(batches.stream().flatMap(List::stream)).containsExactlyElementsOf(rows);
      assertThat(batches)
          .isNotEmpty()
          .allSatisfy(batch -> assertThat(padded(batch)).isBetween(1, mostTokens));
      for (int i = 1; i < batches.size(); i++) {
        List<Row> more = new ArrayList<>(batches.get(i - 1));
        more.add(batches.get(i).getFirst());
        assertThat(padded(more)).as("micro-batch %d is full", i - 1).isGreaterThan(mostTokens);
      }
    }
  }

  @Test
  void aRowLargerThanTheBoundIsAMicroBatchByItself() {
    Row wide = new Row(List.of(ofLength(9)));
    Row narrow = new Row(List.of(ofLength(2)));

    assertThat(RowPacker.microBatches(List.of(narrow, wide, narrow, narrow), 4))
        .containsExactly(List.of(narrow), List.of(wide), List.of(narrow, narrow));
    assertThat(RowPacker.microBatches(List.of(), 4)).isEmpty();
  }

  private static int padded(List<Row> rows) {
    return rows.size() * rows.stream().mapToInt(Row::tokens).max().orElse(0);
  }

  private static Example ofLength(int length) {
    return new Example(
        new int[length], new boolean[length], new float[length], new int[length], 0, 1);
  }
}

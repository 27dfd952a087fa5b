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

  private static Example ofLength(int length) {
    return new Example(new int[length], new boolean[length], new float[length], 0);
  }
}

package dev.freshet.trainer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Packs sequences end to end into rows with little padding. */
final class RowPacker {
  private RowPacker() {}

  /**
   * Packs by first fit, longest first. The result depends only on the input.
   *
   * @param rowLength the most tokens of a row
   * @return the sequences of each row
   * @throws TrainerException if a sequence is longer than a row
   */
  static List<List<Example>> pack(List<Example> examples, int rowLength) {
    List<List<Example>> rows = new ArrayList<>();
    List<Integer> free = new ArrayList<>();
    List<Example> longestFirst = new ArrayList<>(examples);
    longestFirst.sort(Comparator.comparingInt((Example e) -> e.tokens().length).reversed());
    for (Example example : longestFirst) {
      int length = example.tokens().length;
      if (length > rowLength) {
        throw new TrainerException(
            "a sequence of %d tokens: expected at most pack_length %d"
                .formatted(length, rowLength));
      }
      int row = 0;
      while (row < rows.size() && free.get(row) < length) {
        row++;
      }
      if (row == rows.size()) {
        rows.add(new ArrayList<>());
        free.add(rowLength);
      }
      rows.get(row).add(example);
      free.set(row, free.get(row) - length);
    }
    return rows;
  }
}

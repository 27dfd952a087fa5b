package dev.freshet.trainer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Packs sequences end to end into rows with little padding, and rows into micro-batches. */
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

  /**
   * Cuts rows, in their order, into micro-batches whose rows have at most {@code mostTokens} tokens
   * together, padding included; a row with more is a micro-batch by itself.
   */
  static List<List<List<Example>>> microBatches(List<List<Example>> rows, int mostTokens) {
    List<List<List<Example>>> batches = new ArrayList<>();
    int from = 0;
    long width = 0;
    for (int row = 0; row < rows.size(); row++) {
      int length = rows.get(row).stream().mapToInt(example -> example.tokens().length).sum();
      long wider = Math.max(width, length);
      if (row > from && wider * (row - from + 1) > mostTokens) {
        batches.add(rows.subList(from, row));
        from = row;
        wider = length;
      }
      width = wider;
    }
    if (from < rows.size()) {
      batches.add(rows.subList(from, rows.size()));
    }
    return batches;
  }
}

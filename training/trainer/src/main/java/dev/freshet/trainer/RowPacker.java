package dev.freshet.trainer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Divides sequences among workers, packs them end to end into rows with little padding, and rows
 * into micro-batches. The results depend only on the input.
 */
final class RowPacker {
  private RowPacker() {}

  /**
   * Divides sequences into {@code count} shares of about equal numbers of tokens: the longest
   * first, each to the share that has the fewest tokens. A share may be empty.
   */
  static List<List<Example>> shares(List<Example> examples, int count) {
    List<List<Example>> shares =
        Stream.generate(() -> (List<Example>) new ArrayList<Example>()).limit(count).toList();
    long[] tokens = new long[count];
    for (Example example : longestFirst(examples)) {
      int least =
          IntStream.range(0, count)
              .boxed()
              .min(Comparator.comparingLong(share -> tokens[share]))
              .orElseThrow();
      shares.get(least).add(example);
      tokens[least] += example.tokens().length;
    }
    return shares;
  }

  /**
   * Packs by first fit, longest first.
   *
   * @param rowLength the most tokens of a row
   * @throws TrainerException if a sequence is longer than a row
   */
  static List<Row> pack(List<Example> examples, int rowLength) {
    List<List<Example>> rows = new ArrayList<>();
    List<Integer> free = new ArrayList<>();
    for (Example example : longestFirst(examples)) {
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
    return rows.stream().map(Row::new).toList();
  }

  private static List<Example> longestFirst(List<Example> examples) {
    List<Example> sorted = new ArrayList<>(examples);
    sorted.sort(Comparator.comparingInt((Example e) -> e.tokens().length).reversed());
    return sorted;
  }

  /**
   * Cuts rows, in their order, into micro-batches whose rows have at most {@code mostTokens} tokens
   * together, padding included; a row with more is a micro-batch by itself.
   */
  static List<List<Row>> microBatches(List<Row> rows, int mostTokens) {
    List<List<Row>> batches = new ArrayList<>();
    int from = 0;
    long width = 0;
    for (int row = 0; row < rows.size(); row++) {
      int length = rows.get(row).tokens();
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

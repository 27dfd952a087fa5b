package dev.freshet.plots;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * An interval of a plot's x axis.
 *
 * @param name its kind, as in the legend
 * @param description one sentence, shown on hover
 */
public record Span(String name, Tone tone, double from, double to, String description) {
  /**
   * Assigns spans to rows so that none covers another: each to the first free row. When {@value
   * #MAX} rows are taken, a span overlaps the one that ends first.
   *
   * @param rows the row of each span
   * @param count the number of rows
   */
  record Rows(int[] rows, int count) {
    static final int MAX = 40;

    /** The rows of spans that are in order of their beginnings. */
    static Rows of(List<Span> spans) {
      int[] rows = new int[spans.size()];
      List<Double> ends = new ArrayList<>();
      for (int i = 0; i < rows.length; i++) {
        Span span = spans.get(i);
        int row = 0;
        while (row < ends.size() && ends.get(row) > span.from()) {
          row++;
        }
        if (row == MAX) {
          row = ends.indexOf(Collections.min(ends));
        } else if (row == ends.size()) {
          ends.add(span.to());
        }
        ends.set(row, span.to());
        rows[i] = row;
      }
      return new Rows(rows, ends.size());
    }
  }
}

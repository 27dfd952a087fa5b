package dev.freshet.plots;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A stretch of a plot's x axis during which something went on.
 *
 * @param name what the legend calls spans like it
 * @param says what it was, in a sentence
 */
public record Span(String name, Tone tone, double from, double to, String says) {
  /**
   * The rows that spans take so that none covers another: each the first in which the one before
   * has ended. With {@value #MOST} rows taken it is the one that ends first, and they overlap.
   *
   * @param rows a row a span
   * @param count how many rows there are
   */
  record Rows(int[] rows, int count) {
    static final int MOST = 40;

    /** Of spans by the order of their beginnings. */
    static Rows of(List<Span> spans) {
      int[] rows = new int[spans.size()];
      List<Double> ends = new ArrayList<>();
      for (int i = 0; i < rows.length; i++) {
        Span span = spans.get(i);
        int row = 0;
        while (row < ends.size() && ends.get(row) > span.from()) {
          row++;
        }
        if (row == MOST) {
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

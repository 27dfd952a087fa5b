package dev.freshet.lab.report;

import java.util.ArrayList;
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
   * has ended.
   *
   * @param rows a row a span
   * @param count how many rows there are
   */
  record Rows(int[] rows, int count) {
    /** Of spans by the order of their beginnings. */
    static Rows of(List<Span> spans) {
      int[] rows = new int[spans.size()];
      List<Double> ends = new ArrayList<>();
      for (int i = 0; i < rows.length; i++) {
        int row = 0;
        while (row < ends.size() && ends.get(row) > spans.get(i).from()) {
          row++;
        }
        if (row == ends.size()) {
          ends.add(0.0);
        }
        ends.set(row, spans.get(i).to());
        rows[i] = row;
      }
      return new Rows(rows, ends.size());
    }
  }
}

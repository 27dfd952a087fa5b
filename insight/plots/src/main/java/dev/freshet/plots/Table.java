package dev.freshet.plots;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of cells, as aligned text or as Markdown. The first column is left-aligned, others right.
 */
public final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  public Table(List<String> head) {
    rows.add(List.copyOf(head));
  }

  /** Adds a row of as many cells as the head. */
  public void row(String first, List<String> rest) {
    List<String> row = new ArrayList<>();
    row.add(first);
    row.addAll(rest);
    rows.add(row);
  }

  /** Whether it has no row below the head. */
  public boolean isEmpty() {
    return rows.size() == 1;
  }

  /** As text aligned with spaces, one line per row. */
  public String text() {
    int[] widths = new int[rows.getFirst().size()];
    for (List<String> row : rows) {
      Arrays.setAll(widths, i -> Math.max(widths[i], row.get(i).length()));
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder("  ");
      for (int i = 0; i < row.size(); i++) {
        String gap = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? row.get(i) + gap : "  " + gap + row.get(i));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /** As Markdown, one line per row. */
  public String markdown() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < rows.size(); i++) {
      List<String> cells = rows.get(i).stream().map(cell -> cell.replace("|", "\\|")).toList();
      text.append("| ").append(String.join(" | ", cells)).append(" |\n");
      if (i == 0) {
        text.append("|---|").append("---:|".repeat(rows.getFirst().size() - 1)).append('\n');
      }
    }
    return text.toString();
  }

  /** All rows, the head first. */
  List<List<String>> rows() {
    return rows;
  }
}

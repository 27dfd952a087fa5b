package dev.freshet.fleet;

import dev.freshet.client.AdminResult;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.UpdatePart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * The parts of one weight update's time as a text table in milliseconds: a column per server, a row
 * per part, the parts of a part indented below it.
 */
public final class UpdateTable {
  private static final int NAME_WIDTH = 18;
  private static final String UNKNOWN = "-";

  /** The totals and the parts of the queue time. They have a row even if unknown. */
  private static final List<UpdatePart> ROWS =
      List.of(
          UpdatePart.WALL,
          UpdatePart.QUEUE,
          UpdatePart.CONNECT,
          UpdatePart.ACCEPT,
          UpdatePart.HANDLER,
          UpdatePart.ANSWER,
          UpdatePart.RPC);

  private UpdateTable() {}

  /**
   * The table, without a final line end.
   *
   * @param results what each server acknowledged, by the heading of its column
   */
  public static String of(Map<String, AdminResult> results) {
    List<String> lines = new ArrayList<>();
    lines.add(row("", new ArrayList<>(results.keySet()), results.keySet()));
    lines.add(row("trace", results, result -> result.timings().trace().hex()));
    lines.add(row("version", results, AdminResult::weightVersion));
    if (results.values().stream().anyMatch(result -> result.preparedVersion().isPresent())) {
      lines.add(row("prepared", results, result -> result.preparedVersion().orElse(UNKNOWN)));
    }
    Set<String> parts = new LinkedHashSet<>();
    Map<String, Map<String, String>> columns = new LinkedHashMap<>();
    results.forEach((name, result) -> columns.put(name, parts(result.timings())));
    columns.values().forEach(column -> parts.addAll(column.keySet()));
    for (String part : parts) {
      List<String> cells = new ArrayList<>();
      columns.values().forEach(column -> cells.add(column.getOrDefault(part, UNKNOWN)));
      lines.add(row(part, cells, results.keySet()));
    }
    return String.join(System.lineSeparator(), lines);
  }

  private interface Cell {
    String of(AdminResult result);
  }

  private static String row(String name, Map<String, AdminResult> results, Cell cell) {
    return row(name, results.values().stream().map(cell::of).toList(), results.keySet());
  }

  private static String row(String name, List<String> cells, Set<String> headings) {
    StringBuilder line = new StringBuilder(("  %-" + NAME_WIDTH + "s").formatted(name));
    int column = 0;
    for (String heading : headings) {
      line.append(("%" + Math.max(18, heading.length() + 2) + "s").formatted(cells.get(column++)));
    }
    return line.toString();
  }

  /** Every part that may have a row, in the order of the rows: a part follows its parent. */
  private static Map<String, String> parts(AdminTimings timings) {
    Map<String, String> rows = new LinkedHashMap<>();
    for (UpdatePart part : ROWS) {
      rows.put(indented(part.wireName(), part.depth() - 1), ms(timings.ms(part)));
    }
    timings
        .phases()
        .forEach(
            (name, value) ->
                rows.put(
                    indented(name, UpdatePart.of(name).map(UpdatePart::depth).orElse(2) - 1),
                    ms(value)));
    rows.put(UpdatePart.STALL.wireName(), ms(timings.ms(UpdatePart.STALL)));
    return rows;
  }

  private static String indented(String name, int depth) {
    return "  ".repeat(Math.max(0, depth)) + name;
  }

  private static String ms(OptionalDouble value) {
    return value.isPresent() ? ms(value.getAsDouble()) : UNKNOWN;
  }

  private static String ms(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }
}

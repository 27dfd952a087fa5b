package dev.freshet.fleet;

import dev.freshet.client.AdminResult;
import dev.freshet.trace.AdminTimings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Where the time of one weight update went, for a person to read: a column a server, a row a part,
 * milliseconds. Parts of a part are indented below it.
 */
public final class UpdateTable {
  private static final int NAME_WIDTH = 18;
  private static final String UNKNOWN = "-";

  private UpdateTable() {}

  /**
   * The table, without a line end after it.
   *
   * @param results what each server acknowledged, by what the column is to be called
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

  private static Map<String, String> parts(AdminTimings timings) {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("wall_ms", ms(timings.wallMs()));
    parts.put("queue_ms", ms(timings.queueMs()));
    parts.put("  connect_ms", ms(timings.connectMs()));
    parts.put("  accept_ms", ms(timings.acceptMs()));
    parts.put("  handler_ms", ms(timings.handlerMs()));
    parts.put("  answer_ms", ms(timings.answerMs()));
    parts.put("rpc_ms", ms(timings.rpcMs()));
    timings.phases().forEach((phase, value) -> parts.put(indented(phase), ms(value)));
    parts.put("stall_ms", ms(timings.stallMs()));
    return parts;
  }

  private static String indented(String phase) {
    return switch (phase) {
      case "map_ms", "fault_ms", "verify_ms", "build_ms" -> "    " + phase;
      default -> "  " + phase;
    };
  }

  private static String ms(OptionalDouble value) {
    return value.isPresent() ? ms(value.getAsDouble()) : UNKNOWN;
  }

  private static String ms(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }
}

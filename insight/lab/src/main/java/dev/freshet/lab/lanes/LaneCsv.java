package dev.freshet.lab.lanes;

import dev.freshet.lab.ReportFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * Every update of a benchmark as a line of comma-separated values (RFC 4180), in the order
 * measured. {@code due_s} counts from the due time of the first update of the same lane and load;
 * an unknown figure is empty.
 */
public final class LaneCsv {
  private static final String HEAD =
      "lane,load,streams,update,due_s,wall_ms,queue_ms,rpc_ms,stall_ms,error";

  private LaneCsv() {}

  /** Writes the updates. */
  public static void write(LaneFigures figures, Path file) {
    List<String> lines = new ArrayList<>(List.of(HEAD));
    figures.idle().forEach(stretch -> add(lines, stretch));
    figures.runs().forEach(run -> run.loaded().forEach(stretch -> add(lines, stretch)));
    ReportFile.write(file, String.join(System.lineSeparator(), lines) + System.lineSeparator());
  }

  private static void add(List<String> lines, LaneStretch stretch) {
    List<UpdateSample> updates = stretch.updates();
    for (int i = 0; i < updates.size(); i++) {
      UpdateSample update = updates.get(i);
      lines.add(
          String.join(
              ",",
              stretch.lane().label(),
              stretch.loaded() ? "loaded" : "idle",
              Integer.toString(stretch.streams()),
              Integer.toString(i + 1),
              number((update.dueNanos() - updates.getFirst().dueNanos()) / 1e9),
              number(update.wallMs()),
              number(update.queueMs()),
              number(update.rpcMs()),
              number(update.stallMs()),
              update.error().map(LaneCsv::quoted).orElse("")));
    }
  }

  private static String number(OptionalDouble value) {
    return value.isPresent() ? number(value.getAsDouble()) : "";
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  private static String quoted(String text) {
    return '"' + text.replace("\"", "\"\"") + '"';
  }
}

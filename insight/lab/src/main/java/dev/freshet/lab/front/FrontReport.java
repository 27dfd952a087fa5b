package dev.freshet.lab.front;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.ReportFile;
import dev.freshet.trace.UpdatePart;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * The figures of a front, with and without a proxy, as a table and as JSON.
 *
 * @param rate tokens a second of a stream
 * @param rows in the order measured
 */
public record FrontReport(double rate, List<Row> rows) {
  /** One number of streams: directly to the server and, if there is one, through the proxy. */
  public record Row(FrontFigures direct, Optional<FrontFigures> proxied) {}

  /** The head of the table whose lines are {@link #line}. */
  public static String head() {
    return "%8s %11s %7s %10s %12s %8s %8s  %32s  %25s %7s"
        .formatted(
            "streams",
            "route",
            "through",
            "events/s",
            "CPU s/Mevent",
            "RSS MiB",
            "peak",
            "queue_ms p50   p95   p99   max",
            "wall_ms p50   p95   p99",
            "errors");
  }

  /**
   * One line of the table; {@code through} names the proxy whose processor time and memory it has.
   */
  public static String line(String through, FrontFigures figures) {
    Distribution queue = figures.queueMs();
    Distribution wall = figures.wallMs();
    return String.format(
        Locale.ROOT,
        "%,8d %11s %7s %,10.0f %12.2f %8.0f %8.0f  %14.2f %5.1f %5.1f %5.1f  %13.2f %5.1f %5.1f %7d%s",
        figures.streams(),
        figures.route(),
        through,
        figures.eventsPerS(),
        figures.cpuPerMillion(),
        figures.residentMb(),
        figures.peakMb(),
        queue.p50(),
        queue.p95(),
        queue.p99(),
        queue.max(),
        wall.p50(),
        wall.p95(),
        wall.p99(),
        figures.errors(),
        figures.firstError().map(error -> "  " + error).orElse(""));
  }

  /** Writes the figures as JSON. */
  public void write(Path file) {
    ObjectNode root = ReportFile.object();
    root.put("rate", rate);
    var list = root.putArray("runs");
    for (Row row : rows) {
      ObjectNode node = list.addObject();
      put(node, row.direct());
      row.proxied().ifPresent(figures -> put(node.putObject("nginx"), figures));
    }
    ReportFile.write(file, root);
  }

  private void put(ObjectNode node, FrontFigures figures) {
    node.put("streams", figures.streams());
    node.put("route", figures.route().toString());
    ReportFile.put(node, "events_per_s", figures.eventsPerS());
    ReportFile.put(node, "expected_events_per_s", figures.streams() * rate);
    ReportFile.put(node, "bytes_per_event", figures.bytesPerEvent());
    ReportFile.put(node, "cpu_s_per_million_events", figures.cpuPerMillion());
    ReportFile.put(node, "rss_mb", figures.residentMb());
    ReportFile.put(node, "rss_peak_mb", figures.peakMb());
    node.put("updates", figures.wallMs().count());
    put(node.putObject(UpdatePart.QUEUE.wireName()), figures.queueMs());
    put(node.putObject(UpdatePart.RPC.wireName()), figures.rpcMs());
    put(node.putObject(UpdatePart.WALL.wireName()), figures.wallMs());
    node.put("errors", figures.errors());
    figures.firstError().ifPresent(error -> node.put("first_error", error));
  }

  private static void put(ObjectNode node, Distribution figures) {
    ReportFile.put(node, "p50", figures.p50());
    ReportFile.put(node, "p95", figures.p95());
    ReportFile.put(node, "p99", figures.p99());
    ReportFile.put(node, "max", figures.max());
  }
}

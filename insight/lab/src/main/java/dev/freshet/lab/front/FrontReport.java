package dev.freshet.lab.front;

import dev.freshet.analysis.Distribution;
import dev.freshet.plots.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The figures of a front alone and of the same streams through a proxy, as a table and as JSON.
 *
 * @param rate tokens a second of a stream
 * @param rows in the order measured
 */
public record FrontReport(double rate, List<Row> rows) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** One number of streams: straight to the server, and, where there is one, through the proxy. */
  public record Row(FrontFigures straight, Optional<FrontFigures> relayed) {}

  /** The head of the table that {@link #line} continues. */
  public static String head() {
    return "%8s %7s %10s %12s %8s %8s  %32s  %25s %7s"
        .formatted(
            "streams",
            "through",
            "events/s",
            "CPU s/Mevent",
            "RSS MiB",
            "peak",
            "queue_ms p50   p95   p99   max",
            "wall_ms p50   p95   p99",
            "errors");
  }

  /** One line of the table; {@code through} says whose processor time and memory it is. */
  public static String line(String through, FrontFigures figures) {
    Distribution queue = figures.queueMs();
    Distribution wall = figures.wallMs();
    return String.format(
        Locale.ROOT,
        "%,8d %7s %,10.0f %12.2f %8.0f %8.0f  %14.2f %5.1f %5.1f %5.1f  %13.2f %5.1f %5.1f %7d%s",
        figures.streams(),
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
    ObjectNode root = JSON.createObjectNode();
    root.put("rate", rate);
    var list = root.putArray("runs");
    for (Row row : rows) {
      ObjectNode node = list.addObject();
      put(node, row.straight());
      row.relayed().ifPresent(figures -> put(node.putObject("nginx"), figures));
    }
    try {
      Files.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root));
    } catch (IOException e) {
      throw new LabException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private void put(ObjectNode node, FrontFigures figures) {
    node.put("streams", figures.streams());
    put(node, "events_per_s", figures.eventsPerS());
    put(node, "expected_events_per_s", figures.streams() * rate);
    put(node, "bytes_per_event", figures.bytesPerEvent());
    put(node, "cpu_s_per_million_events", figures.cpuPerMillion());
    put(node, "rss_mb", figures.residentMb());
    put(node, "rss_peak_mb", figures.peakMb());
    node.put("updates", figures.wallMs().count());
    put(node.putObject("queue_ms"), figures.queueMs());
    put(node.putObject("rpc_ms"), figures.rpcMs());
    put(node.putObject("wall_ms"), figures.wallMs());
    node.put("errors", figures.errors());
    figures.firstError().ifPresent(error -> node.put("first_error", error));
  }

  private static void put(ObjectNode node, Distribution figures) {
    put(node, "p50", figures.p50());
    put(node, "p95", figures.p95());
    put(node, "p99", figures.p99());
    put(node, "max", figures.max());
  }

  private static void put(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    } else {
      node.putNull(key);
    }
  }
}

package dev.freshet.lab.route;

import dev.freshet.lab.ReportFile;
import dev.freshet.lab.route.UpdateTimes.Update;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/** The figures of all fronts as a table, a line as each is measured, and as JSON. */
public final class RouteReport {
  private static final String DIRECT = "direct";
  private static final int MAX_REASON = 200;

  private final double rate;
  private final List<RouteFigures> all = new ArrayList<>();
  private final Map<Integer, Under> updates = new LinkedHashMap<>();

  private record Under(int streams, UpdateTimes times) {}

  /**
   * @param rate events a second of each stream
   */
  public RouteReport(double rate) {
    this.rate = rate;
  }

  /** The head of the table. */
  public static String head() {
    return "%8s %-14s %10s %13s %9s  %21s  %21s %10s  %20s %7s %9s"
        .formatted(
            "streams",
            "through",
            "events/s",
            "CPU s/Mevent",
            "RSS MiB",
            "latency ms p50     p99",
            "added ms p50      p99",
            "cancel ms",
            "queue ms p50     p99",
            "failed",
            "settled s");
  }

  /** Adds figures; returns their line of the table. */
  public String add(RouteFigures figures) {
    all.add(figures);
    return String.format(
        Locale.ROOT,
        "%,8d %-14s %,10.0f %13.2f %9.0f  %14.2f %7.2f  %12.2f %8.2f %10.2f  %13.2f %7.2f %7d %9s",
        figures.streams(),
        figures.name(),
        figures.eventsPerS(),
        figures.cpuPerMillion(),
        figures.residentMb(),
        figures.p50Ms(),
        figures.p99Ms(),
        figures.p50Ms() - direct(figures.streams()).p50Ms(),
        figures.p99Ms() - direct(figures.streams()).p99Ms(),
        figures.cancelMs(),
        figures.updates().percentile(50, Update::queueMs),
        figures.updates().percentile(99, Update::queueMs),
        figures.failed(),
        settled(figures));
  }

  /** When the streams were kept up with, or that they were not. */
  private static String settled(RouteFigures figures) {
    if (Double.isNaN(figures.settledS())) {
      return "never";
    }
    String seconds = String.format(Locale.ROOT, "%.1f", figures.settledS());
    return figures.keptUp() ? seconds : seconds + ", then behind";
  }

  /** The head of the table of updates. */
  public static String updatesHead() {
    return "%8s %8s %8s  %21s  %21s  %21s  %21s"
        .formatted(
            "replicas",
            "streams",
            "updates",
            "wall ms p50       p99",
            "slowest ms p50    p99",
            "beyond ms p50     p99",
            "queue ms p50      p99");
  }

  /**
   * Adds the updates of so many replicas; returns their line of the table of updates.
   *
   * @param times none of them is empty
   */
  public String add(int replicas, int streams, UpdateTimes times) {
    updates.put(replicas, new Under(streams, times));
    return String.format(
        Locale.ROOT,
        "%8d %,8d %8d  %12.2f %8.2f  %12.2f %8.2f  %12.2f %8.2f  %12.2f %8.2f",
        replicas,
        streams,
        times.count(),
        times.percentile(50, Update::wallMs),
        times.percentile(99, Update::wallMs),
        times.percentile(50, Update::slowestMs),
        times.percentile(99, Update::slowestMs),
        times.percentile(50, Update::beyondMs),
        times.percentile(99, Update::beyondMs),
        times.percentile(50, Update::queueMs),
        times.percentile(99, Update::queueMs));
  }

  /** The line of a front that could not be measured. */
  public static String unmeasured(int streams, String name, String reason) {
    String line = reason.strip().replaceAll("\\s+", " ");
    return String.format(
        Locale.ROOT,
        "%,8d %-14s %s",
        streams,
        name,
        line.length() <= MAX_REASON ? line : line.substring(0, MAX_REASON) + "…");
  }

  private RouteFigures direct(int streams) {
    return all.stream()
        .filter(figures -> figures.streams() == streams && figures.name().equals(DIRECT))
        .findFirst()
        .orElseThrow();
  }

  /** Writes all figures as JSON. */
  public void write(Path file) {
    ObjectNode root = ReportFile.object();
    root.put("rate", rate);
    ObjectNode byStreams = root.putObject("streams");
    for (RouteFigures figures : all) {
      String count = Integer.toString(figures.streams());
      ObjectNode fronts =
          byStreams.has(count) ? (ObjectNode) byStreams.get(count) : byStreams.putObject(count);
      put(fronts.putObject(figures.name()), figures);
    }
    ObjectNode byReplicas = root.putObject("updates");
    updates.forEach(
        (replicas, measured) -> {
          ObjectNode node = byReplicas.putObject(Integer.toString(replicas));
          node.put("streams", measured.streams());
          node.put("count", measured.times().count());
          UpdateTimes times = measured.times();
          put(
              node.putObject("wall_ms"),
              times.percentile(50, Update::wallMs),
              times.percentile(99, Update::wallMs));
          put(
              node.putObject("slowest_ms"),
              times.percentile(50, Update::slowestMs),
              times.percentile(99, Update::slowestMs));
          put(
              node.putObject("beyond_slowest_ms"),
              times.percentile(50, Update::beyondMs),
              times.percentile(99, Update::beyondMs));
          put(
              node.putObject("queue_ms"),
              times.percentile(50, Update::queueMs),
              times.percentile(99, Update::queueMs));
        });
    ReportFile.write(file, root);
  }

  private void put(ObjectNode node, RouteFigures figures) {
    ReportFile.put(node, "events_per_s", figures.eventsPerS());
    ReportFile.put(node, "expected_events_per_s", figures.streams() * rate);
    node.put("kept_up", figures.keptUp());
    ReportFile.put(node, "settled_s", figures.settledS());
    put(node.putObject("latency_ms"), figures.p50Ms(), figures.p99Ms());
    if (!figures.name().equals(DIRECT)) {
      RouteFigures direct = direct(figures.streams());
      ReportFile.put(node, "cpu_s_per_million", figures.cpuPerMillion());
      ReportFile.put(node, "rss_mb", figures.residentMb());
      put(
          node.putObject("added_ms"),
          figures.p50Ms() - direct.p50Ms(),
          figures.p99Ms() - direct.p99Ms());
      ReportFile.put(node, "cancel_ms", figures.cancelMs());
      if (figures.updates().count() > 0) {
        put(
            node.putObject("queue_ms"),
            figures.updates().percentile(50, Update::queueMs),
            figures.updates().percentile(99, Update::queueMs));
      }
    }
    node.put("failed", figures.failed());
  }

  private static void put(ObjectNode node, double p50, double p99) {
    ReportFile.put(node, "p50", p50);
    ReportFile.put(node, "p99", p99);
  }
}

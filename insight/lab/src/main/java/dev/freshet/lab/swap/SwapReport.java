package dev.freshet.lab.swap;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.QueueParts;
import dev.freshet.lab.ReportFile;
import dev.freshet.trace.UpdatePart;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** The figures of weight updates under load, as a table and as JSON. */
public record SwapReport(SwapFigures figures) {
  /** The table; every line ends with a line separator. */
  public String table() {
    SwapFigures.Swaps verified = figures.verified();
    SwapFigures.Swaps unverified = figures.unverified();
    SwapFigures.Baseline baseline = figures.baseline();
    MachineLimits limits = figures.limits();
    SwapFigures.Resident resident = figures.resident();
    SwapFigures.Queue queue = figures.queue();
    return "%s, %,d bytes, %d sequences, %d updates of each kind%n"
            .formatted(
                figures.shape(), figures.bytes(), figures.sequences(), verified.rpcMs().count())
        + "%-14s %15s %17s %17s %17s %11s%n"
            .formatted(
                "ms",
                "rpc p50    p99",
                "work p50    p99",
                "packing p50   p99",
                "stall p50    p99",
                "tokens kept")
        + swaps("verified", verified)
        + swaps("unverified", unverified)
        + line(
            "%-14s %7s %7s %9.1f %7.1f %9s %7s %9.2f %7.2f %11.2f%n",
            "pause and copy",
            "-",
            "-",
            baseline.workMs().p50(),
            baseline.workMs().p99(),
            "-",
            "-",
            baseline.stallMs().p50(),
            baseline.stallMs().p99(),
            baseline.throughputKept())
        + line(
            "pause and copy stalls %.0f times as long as a verified update and works %.2f times as"
                + " long%n",
            stallRatio(), workRatio())
        + line(
            "limits: memcpy %.1f ms, fault in %.1f ms, checksum %.1f ms%n",
            limits.memcpyMs(), limits.faultMs(), limits.checksumMs())
        + line(
            "packing is %.2f of a verified update's work; the rest is %.2f times fault in and"
                + " checksum%n",
            verified.packingShare(), figures.readingOverLimits())
        + line(
            "resident MiB: %.0f before, %.0f at most, %.0f after%n",
            resident.before(), resident.peak(), resident.after())
        + line("%-14s", "ms")
        + Stream.concat(Stream.of(UpdatePart.QUEUE), QueueParts.PARTS.stream())
            .map(part -> line(" %11s p99", part.label() + " p50"))
            .collect(Collectors.joining("", "", line("%n")))
        + lane("idle", queue.idle())
        + lane("loaded", queue.loaded())
        + line("queue_ms loaded over idle: %.2f%n", queue.ratio());
  }

  private static String lane(String kind, QueueParts lane) {
    return line("%-14s", kind)
        + Stream.concat(Stream.of(lane.queueMs()), lane.parts().values().stream())
            .map(part -> line(" %8.2f %6.2f", part.p50(), part.p99()))
            .collect(Collectors.joining("", "", line("%n")));
  }

  private static String swaps(String kind, SwapFigures.Swaps swaps) {
    return line(
        "%-14s %7.1f %7.1f %9.1f %7.1f %9.1f %7.1f %9.2f %7.2f %11.2f%n",
        kind,
        swaps.rpcMs().p50(),
        swaps.rpcMs().p99(),
        swaps.workMs().p50(),
        swaps.workMs().p99(),
        swaps.packingMs().p50(),
        swaps.packingMs().p99(),
        swaps.stallMs().p50(),
        swaps.stallMs().p99(),
        swaps.throughputKept());
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  private double stallRatio() {
    return figures.baseline().stallMs().p50() / figures.verified().stallMs().p50();
  }

  private double workRatio() {
    return figures.baseline().workMs().p50() / figures.verified().workMs().p50();
  }

  /** Writes the figures as JSON. */
  public void write(Path file) {
    ObjectNode root = ReportFile.object();
    root.put("shape", figures.shape());
    root.put("bytes", figures.bytes());
    root.put("sequences", figures.sequences());
    root.put("updates", figures.verified().rpcMs().count());
    put(root.putObject("verified"), figures.verified());
    put(root.putObject("unverified"), figures.unverified());
    ObjectNode baseline = root.putObject("baseline_copy");
    put(baseline, "work_ms", figures.baseline().workMs());
    put(baseline, "stall_ms", figures.baseline().stallMs());
    ReportFile.put(baseline, "throughput_kept", figures.baseline().throughputKept());
    ReportFile.put(baseline, "stall_over_verified", stallRatio());
    ReportFile.put(baseline, "work_over_verified", workRatio());
    ObjectNode limits = root.putObject("limits");
    ReportFile.put(limits, "memcpy_ms", figures.limits().memcpyMs());
    ReportFile.put(limits, "fault_ms", figures.limits().faultMs());
    ReportFile.put(limits, "checksum_ms", figures.limits().checksumMs());
    ReportFile.put(limits, "reading_over_fault_and_checksum", figures.readingOverLimits());
    ObjectNode resident = root.putObject("rss_mb");
    ReportFile.put(resident, "before", figures.resident().before());
    ReportFile.put(resident, "peak", figures.resident().peak());
    ReportFile.put(resident, "after", figures.resident().after());
    ObjectNode queue = root.putObject("queue_ms");
    put(queue, "idle", figures.queue().idle());
    put(queue, "loaded", figures.queue().loaded());
    ReportFile.put(queue, "ratio", figures.queue().ratio());
    ReportFile.write(file, root);
  }

  private static void put(ObjectNode node, String key, QueueParts lane) {
    ObjectNode parts = put(node, key, lane.queueMs()).putObject("parts");
    lane.parts().forEach((part, figures) -> put(parts, part.wireName(), figures));
  }

  private static void put(ObjectNode node, SwapFigures.Swaps swaps) {
    put(node, "rpc_ms", swaps.rpcMs());
    put(node, "work_ms", swaps.workMs());
    put(node, "packing_ms", swaps.packingMs());
    put(node, "reading_ms", swaps.readingMs());
    ReportFile.put(node, "packing_share", swaps.packingShare());
    put(node, "stall_ms", swaps.stallMs());
    ReportFile.put(node, "throughput_kept", swaps.throughputKept());
  }

  private static ObjectNode put(ObjectNode node, String key, Distribution figures) {
    ObjectNode distribution = node.putObject(key);
    ReportFile.put(distribution, "p50", figures.p50());
    ReportFile.put(distribution, "p99", figures.p99());
    return distribution;
  }
}

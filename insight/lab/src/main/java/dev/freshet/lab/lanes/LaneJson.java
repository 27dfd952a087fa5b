package dev.freshet.lab.lanes;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.ReportFile;
import dev.freshet.lab.load.LoadShape;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.node.ObjectNode;

/**
 * The figures of lanes as JSON: {@code lanes.<lane>.<idle|loaded>.<figure>} and {@code streams} of
 * the last number of streams. With several numbers of streams, {@code sweep} has each in the same
 * shape. An unknown figure is null.
 */
public final class LaneJson {
  private LaneJson() {}

  /** Writes the figures. */
  public static void write(LaneFigures figures, Path file) {
    ReportFile.write(file, of(figures));
  }

  /** Writes the figures of a replay, with those of the logs under {@code recorded}. */
  public static void write(LaneFigures figures, Recording recording, Path file) {
    ObjectNode root = of(figures);
    ObjectNode recorded = root.putObject("recorded");
    recording.figures().forEach((part, ms) -> put(recorded.putObject(part.wireName()), ms));
    recorded.put("updates", recording.updates().size());
    recorded.put("seconds", recording.length().toMillis() / 1000.0);
    recorded.put("most_inflight", recording.maxStreams());
    recorded.put("servers", recording.servers());
    ReportFile.write(file, root);
  }

  private static ObjectNode of(LaneFigures figures) {
    ObjectNode root = ReportFile.object();
    root.put("target", figures.target());
    put(root.putObject("plan"), figures.plan());
    run(root, figures, figures.runs().getLast());
    if (figures.runs().size() > 1) {
      var sweep = root.putArray("sweep");
      figures.runs().forEach(run -> run(sweep.addObject(), figures, run));
    }
    return root;
  }

  private static void put(ObjectNode node, LaneBench plan) {
    LoadShape load = plan.load();
    node.put("updates", plan.updates());
    node.put("update_every_ms", plan.every().toMillis());
    node.put("tokens", load.tokens().toString());
    node.put("prompt_tokens", load.promptTokens().toString());
    node.put("think_ms", load.thinkMs().toString());
    node.put("slow_readers", load.slowReaders());
    load.arrivalPerS().ifPresent(rate -> node.put("arrival_per_s", rate));
    load.pool().ifPresent(size -> node.put("pool", size));
    node.put("seed", load.seed());
  }

  private static void run(ObjectNode node, LaneFigures figures, LaneFigures.Run run) {
    ObjectNode lanes = node.putObject("lanes");
    for (Lane lane : figures.plan().lanes()) {
      ObjectNode one = lanes.putObject(lane.label());
      figures.idle(lane).ifPresent(stretch -> put(one.putObject("idle"), stretch));
      run.of(lane)
          .ifPresent(
              stretch -> {
                put(one.putObject("loaded"), stretch);
                streams(one.putObject("streams"), run, List.of(stretch));
              });
      ReportFile.put(one, "loaded_over_idle", LaneRatios.loadedOverIdle(figures, run, lane));
    }
    ReportFile.put(node, "shared_over_dedicated", LaneRatios.sharedOverDedicated(run));
    streams(node.putObject("streams"), run, run.loaded());
  }

  private static void put(ObjectNode node, LaneStretch stretch) {
    stretch.figures().forEach((part, ms) -> put(node.putObject(part.wireName()), ms));
    node.put("updates", stretch.updates().size());
    node.put("errors", stretch.errors());
    stretch.firstError().ifPresent(error -> node.put("first_error", error));
  }

  private static void put(ObjectNode node, Distribution figures) {
    ReportFile.put(node, "min", figures.min());
    ReportFile.put(node, "mean", figures.mean());
    ReportFile.put(node, "p50", figures.p50());
    ReportFile.put(node, "p95", figures.p95());
    ReportFile.put(node, "p99", figures.p99());
    ReportFile.put(node, "max", figures.max());
    ReportFile.put(node, "stddev", figures.stddev());
  }

  /** The means of the stretches' stream figures: of one stretch or of all lanes. */
  private static void streams(ObjectNode node, LaneFigures.Run run, List<LaneStretch> stretches) {
    node.put("open", run.streams());
    ReportFile.put(node, "open_mean", mean(stretches, StreamFigures::open));
    ObjectNode tokens = node.putObject("tokens_per_s");
    ReportFile.put(tokens, "before", mean(stretches, StreamFigures::before));
    ReportFile.put(tokens, "during", mean(stretches, StreamFigures::during));
    ReportFile.put(tokens, "after", mean(stretches, StreamFigures::after));
    node.put("errors", stretches.stream().mapToLong(s -> s.streamFigures().errors()).sum());
  }

  private static double mean(List<LaneStretch> stretches, ToDoubleFunction<StreamFigures> figure) {
    return stretches.stream()
        .mapToDouble(stretch -> figure.applyAsDouble(stretch.streamFigures()))
        .average()
        .orElse(Double.NaN);
  }
}

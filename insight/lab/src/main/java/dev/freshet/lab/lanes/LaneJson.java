package dev.freshet.lab.lanes;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.plots.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The figures of lanes as JSON: {@code lanes.<lane>.<idle|loaded>.<figure>} and {@code streams} of
 * the last number of streams; of several, each under {@code sweep} in the same shape. A figure that
 * is not known is null.
 */
public final class LaneJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private LaneJson() {}

  /** Writes the figures. */
  public static void write(LaneFigures figures, Path file) {
    write(of(figures), file);
  }

  /** Writes the figures of a replay, and under {@code recorded} those of the logs. */
  public static void write(LaneFigures figures, Recording recording, Path file) {
    ObjectNode root = of(figures);
    ObjectNode recorded = root.putObject("recorded");
    put(recorded.putObject("queue_ms"), recording.queueMs());
    put(recorded.putObject("rpc_ms"), recording.rpcMs());
    put(recorded.putObject("wall_ms"), recording.wallMs());
    recorded.put("updates", recording.updates().size());
    recorded.put("seconds", recording.length().toMillis() / 1000.0);
    recorded.put("most_inflight", recording.most());
    recorded.put("servers", recording.servers());
    write(root, file);
  }

  private static ObjectNode of(LaneFigures figures) {
    ObjectNode root = JSON.createObjectNode();
    root.put("target", figures.target());
    put(root.putObject("plan"), figures.plan());
    run(root, figures, figures.runs().getLast());
    if (figures.runs().size() > 1) {
      var sweep = root.putArray("sweep");
      figures.runs().forEach(run -> run(sweep.addObject(), figures, run));
    }
    return root;
  }

  private static void write(ObjectNode root, Path file) {
    try {
      Files.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root));
    } catch (IOException e) {
      throw new LabException(file + ": cannot be written: " + e.getMessage(), e);
    }
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
      put(one, "loaded_over_idle", LaneRatios.loadedOverIdle(figures, run, lane));
    }
    put(node, "shared_over_dedicated", LaneRatios.sharedOverDedicated(run));
    streams(node.putObject("streams"), run, run.loaded());
  }

  private static void put(ObjectNode node, LaneStretch stretch) {
    put(node.putObject("queue_ms"), stretch.queueMs());
    put(node.putObject("rpc_ms"), stretch.rpcMs());
    put(node.putObject("wall_ms"), stretch.wallMs());
    put(node.putObject("stall_ms"), stretch.stallMs());
    node.put("updates", stretch.updates().size());
    node.put("errors", stretch.errors());
    stretch.firstError().ifPresent(error -> node.put("first_error", error));
  }

  private static void put(ObjectNode node, Distribution figures) {
    put(node, "min", figures.min());
    put(node, "mean", figures.mean());
    put(node, "p50", figures.p50());
    put(node, "p95", figures.p95());
    put(node, "p99", figures.p99());
    put(node, "max", figures.max());
    put(node, "stddev", figures.stddev());
  }

  /** The streams of one stretch, or of all lanes together: means of their figures. */
  private static void streams(ObjectNode node, LaneFigures.Run run, List<LaneStretch> stretches) {
    node.put("open", run.streams());
    put(node, "open_mean", mean(stretches, StreamFigures::open));
    ObjectNode tokens = node.putObject("tokens_per_s");
    put(tokens, "before", mean(stretches, StreamFigures::before));
    put(tokens, "during", mean(stretches, StreamFigures::during));
    put(tokens, "after", mean(stretches, StreamFigures::after));
    node.put("errors", stretches.stream().mapToLong(s -> s.streamFigures().errors()).sum());
  }

  private static double mean(List<LaneStretch> stretches, ToDoubleFunction<StreamFigures> figure) {
    return stretches.stream()
        .mapToDouble(stretch -> figure.applyAsDouble(stretch.streamFigures()))
        .average()
        .orElse(Double.NaN);
  }

  private static void put(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    } else {
      node.putNull(key);
    }
  }
}

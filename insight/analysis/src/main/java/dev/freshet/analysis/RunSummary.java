package dev.freshet.analysis;

import dev.freshet.metrics.MetricsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a run came to, computed from its metrics alone. A figure that they do not contain is NaN,
 * and null in JSON.
 *
 * @param wallS the run's duration in seconds
 * @param rssMb the peak of resident memory, in MiB
 * @param rewardStart held-out mean reward of the base model
 * @param rewardEnd held-out mean reward of the last weights evaluated
 * @param mismatchKlMean mean over the training steps
 * @param mismatchKlMax the largest of a training step
 * @param stalenessMean mean over the rollouts trained on, in steps
 * @param stalenessMax the largest of a rollout trained on
 * @param queueMs wall time of an update less the server's time
 * @param rpcMs the server's time for an update
 * @param wallMs client.send to client.done
 * @param stallMs how long decoding was held for an update
 * @param engineTokensPerS generated tokens a second of the orchestrator's run
 * @param trainerTokensPerS target tokens a second of training steps
 */
public record RunSummary(
    double wallS,
    double rssMb,
    double rewardStart,
    double rewardEnd,
    double mismatchKlMean,
    double mismatchKlMax,
    double stalenessMean,
    double stalenessMax,
    Distribution queueMs,
    Distribution rpcMs,
    Distribution wallMs,
    Distribution stallMs,
    double engineTokensPerS,
    double trainerTokensPerS) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Reads the metrics in a run's directory. Lines that are not whole or of an unknown kind are
   * skipped.
   *
   * @throws AnalysisException if there are none, or they cannot be read
   */
  public static RunSummary read(Path run) {
    if (!MetricsReader.exists(run)) {
      throw new AnalysisException(
          run + ": cannot be summarized: it contains no metrics/<role>.jsonl");
    }
    Map<String, List<JsonNode>> lines = new LinkedHashMap<>();
    try {
      new MetricsReader(run)
          .read(
              line ->
                  lines
                      .computeIfAbsent(line.path("kind").asString(""), _ -> new ArrayList<>())
                      .add(line));
    } catch (IOException e) {
      throw new AnalysisException(run + ": its metrics cannot be read: " + e.getMessage(), e);
    }
    List<Double> reward = figures(lines, "eval", "/reward");
    List<Double> kl = figures(lines, "train", "/mismatch_kl");
    return new RunSummary(
        last(figures(lines, "run", "/wall_s")),
        last(figures(lines, "run", "/rss_mb")),
        reward.isEmpty() ? Double.NaN : reward.getFirst(),
        last(reward),
        Distribution.of(kl).mean(),
        max(kl),
        weightedMean(lines.getOrDefault("step", List.of()), "staleness_mean", "rollouts"),
        max(figures(lines, "step", "/staleness_max")),
        Distribution.of(figures(lines, "update", "/queue_ms")),
        Distribution.of(figures(lines, "update", "/rpc_ms")),
        Distribution.of(figures(lines, "update", "/wall_ms")),
        Distribution.of(figures(lines, "update", "/stall_ms")),
        last(figures(lines, "run", "/generated_tokens"))
            / last(figures(lines, "run", "/generation_s")),
        sum(figures(lines, "train", "/tokens")) / (sum(figures(lines, "train", "/step_ms")) / 1e3));
  }

  private static List<Double> figures(
      Map<String, List<JsonNode>> lines, String kind, String pointer) {
    return lines.getOrDefault(kind, List.of()).stream()
        .map(line -> line.at(pointer))
        .filter(JsonNode::isNumber)
        .map(JsonNode::asDouble)
        .toList();
  }

  private static double last(List<Double> values) {
    return values.isEmpty() ? Double.NaN : values.getLast();
  }

  private static double max(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
  }

  private static double sum(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).sum();
  }

  /** The mean of a figure, weighted by another. */
  private static double weightedMean(List<JsonNode> lines, String figure, String weight) {
    double sum = 0;
    double weights = 0;
    for (JsonNode line : lines) {
      if (line.path(figure).isNumber() && line.path(weight).isNumber()) {
        sum += line.path(figure).asDouble() * line.path(weight).asDouble();
        weights += line.path(weight).asDouble();
      }
    }
    return sum / weights;
  }

  /** Writes {@code summary.json}. */
  public void write(Path file) {
    ObjectNode root = JSON.createObjectNode();
    put(root, "wall_s", wallS);
    put(root, "rss_mb", rssMb);
    ObjectNode reward = root.putObject("reward");
    put(reward, "start", rewardStart);
    put(reward, "end", rewardEnd);
    ObjectNode kl = root.putObject("mismatch_kl");
    put(kl, "mean", mismatchKlMean);
    put(kl, "max", mismatchKlMax);
    ObjectNode staleness = root.putObject("staleness");
    put(staleness, "mean", stalenessMean);
    put(staleness, "max", stalenessMax);
    ObjectNode updates = root.putObject("updates");
    updates.put("count", wallMs.count());
    put(updates, "queue_ms", queueMs);
    put(updates, "rpc_ms", rpcMs);
    put(updates, "wall_ms", wallMs);
    put(updates, "stall_ms", stallMs);
    put(root, "engine_tokens_per_s", engineTokensPerS);
    put(root, "trainer_tokens_per_s", trainerTokensPerS);
    try {
      Files.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root));
    } catch (IOException e) {
      throw new AnalysisException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private static void put(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    } else {
      node.putNull(key);
    }
  }

  private static void put(ObjectNode node, String key, Distribution figures) {
    ObjectNode child = node.putObject(key);
    put(child, "p50", figures.p50());
    put(child, "p95", figures.p95());
    put(child, "p99", figures.p99());
    put(child, "max", figures.max());
  }

  /** The summary as lines for a terminal. */
  public String table() {
    StringBuilder table = new StringBuilder();
    row(table, "held-out reward", "%.3f → %.3f", rewardStart, rewardEnd);
    row(table, "mismatch KL", "%.2e mean, %.2e max", mismatchKlMean, mismatchKlMax);
    row(table, "staleness", "%.2f mean, %.0f max", stalenessMean, stalenessMax);
    row(table, "engine", "%,.0f tokens/s", engineTokensPerS);
    row(table, "trainer", "%,.0f tokens/s", trainerTokensPerS);
    row(table, "time, memory", "%.0f s, %.0f MiB", wallS, rssMb);
    table.append(
        String.format(
            Locale.ROOT,
            "%n  %-20s %9s %9s %9s %9s%n",
            wallMs.count() + " weight updates",
            "p50",
            "p95",
            "p99",
            "max"));
    row(table, "queue_ms", queueMs);
    row(table, "rpc_ms", rpcMs);
    row(table, "wall_ms", wallMs);
    row(table, "stall_ms", stallMs);
    return table.toString();
  }

  private static void row(StringBuilder table, String name, String format, Object... values) {
    table
        .append("  %-16s ".formatted(name))
        .append(String.format(Locale.ROOT, format, values))
        .append(System.lineSeparator());
  }

  private static void row(StringBuilder table, String name, Distribution figures) {
    if (figures.count() == 0) {
      table.append(String.format(Locale.ROOT, "  %-20s %9s%n", name, "not reported"));
      return;
    }
    table.append(
        String.format(
            Locale.ROOT,
            "  %-20s %9.2f %9.2f %9.2f %9.2f%n",
            name,
            figures.p50(),
            figures.p95(),
            figures.p99(),
            figures.max()));
  }
}

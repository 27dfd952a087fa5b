package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.Correlation;
import dev.freshet.analysis.Finding;
import dev.freshet.analysis.LogMetric;
import dev.freshet.analysis.Stats;
import dev.freshet.analysis.TimeShares;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An analysis as JSON. Durations are milliseconds, shares and confidences from 0 to 1; unknown
 * values are null. A metric without a value has count 0.
 */
public final class JsonReport {
  private static final ObjectMapper JSON = new ObjectMapper();
  static final int SLOWEST = 10;

  private JsonReport() {}

  /** The whole report, indented. */
  public static String of(Analysis analysis) {
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node(analysis));
  }

  static ObjectNode node(Analysis analysis) {
    ObjectNode root = JSON.createObjectNode();
    metrics(root.putObject("metrics"), analysis);
    ArrayNode findings = root.putArray("findings");
    analysis.findings().forEach(finding -> finding(findings.addObject(), finding));
    root.put("verdict", analysis.verdict());
    ArrayNode notes = root.putArray("notes");
    analysis.notes().forEach(notes::add);
    ObjectNode calls = root.putObject("calls");
    calls.put("succeeded", analysis.counts().succeeded());
    calls.put("failed", analysis.counts().failed());
    calls.put("unfinished", analysis.counts().unfinished());
    calls.put("queue_unknown", analysis.counts().queueUnknown());
    ArrayNode slowest = root.putArray("slowest_updates");
    analysis.slowest(SLOWEST).forEach(update -> update(slowest.addObject(), update));
    ArrayNode correlations = root.putArray("correlations");
    analysis.correlations().forEach(c -> correlation(correlations.addObject(), c));
    trend(root, analysis);
    FleetJson.write(root, analysis.fleet());
    ArrayNode times = root.putArray("times");
    analysis.times().forEach(role -> times(times.addObject(), role));
    root.put("model_size", analysis.ranges().model());
    root.put("async_level", analysis.asyncLevel());
    ArrayNode inputs = root.putArray("inputs");
    analysis.inputs().forEach(input -> input(inputs.addObject(), input));
    return root;
  }

  private static void metrics(ObjectNode node, Analysis analysis) {
    for (Map.Entry<LogMetric, Stats> entry : analysis.stats().entrySet()) {
      Stats stats = entry.getValue();
      ObjectNode metric = node.putObject(entry.getKey().label());
      metric.put("count", stats.count());
      put(metric, "mean", stats.mean());
      put(metric, "stddev", stats.stddev());
      put(metric, "min", stats.min());
      put(metric, "p50", stats.p50());
      put(metric, "p90", stats.p90());
      put(metric, "p95", stats.p95());
      put(metric, "p99", stats.p99());
      put(metric, "max", stats.max());
      put(metric, "good", stats.good());
      put(metric, "warning", stats.warning());
      put(metric, "critical", stats.critical());
    }
  }

  private static void finding(ObjectNode node, Finding finding) {
    node.put("signature", finding.signature().label());
    node.put("severity", finding.severity().label());
    node.put("confidence", finding.confidence());
    node.put("what", finding.what());
    ArrayNode evidence = node.putArray("evidence");
    finding.evidence().forEach(evidence::add);
    node.put("advice", finding.advice());
  }

  private static void update(ObjectNode node, Analysis.Update update) {
    node.put("trace", update.trace());
    node.put("op", update.op());
    node.put("line", update.where());
    UpdateParts.TOTALS.forEach(part -> put(node, part.wireName(), update.ms(part)));
    put(node, "send_to_recv_ms", update.gapMs());
    UpdateParts.OTHERS.forEach(part -> put(node, part.wireName(), update.ms(part)));
    put(node, "inflight", update.inflight());
  }

  private static void correlation(ObjectNode node, Correlation correlation) {
    node.put("metric", correlation.metric());
    node.put("with", correlation.with());
    node.put("count", correlation.count());
    put(node, "pearson", correlation.pearson());
    put(node, "spearman", correlation.spearman());
  }

  private static void times(ObjectNode node, TimeShares role) {
    node.put("role", role.role());
    if (!role.server().isEmpty()) {
      node.put("server", role.server());
    }
    node.put("steps", role.steps());
    put(node, "wall_ms", role.wallMs());
    role.longest().forEach(state -> put(node, state.field(), role.ms(state)));
  }

  private static void trend(ObjectNode root, Analysis analysis) {
    if (analysis.trend().isEmpty()) {
      root.putNull("rpc_trend");
      return;
    }
    ObjectNode node = root.putObject("rpc_trend");
    node.put("count", analysis.trend().get().count());
    put(node, "start_ms", analysis.trend().get().start());
    put(node, "end_ms", analysis.trend().get().end());
    put(node, "z", analysis.trend().get().z());
  }

  private static void input(ObjectNode node, Analysis.Input input) {
    node.put("name", input.name());
    node.put("bytes", input.bytes());
    node.put("lines", input.lines());
    node.put("events", input.events());
    node.put("strange", input.malformed());
  }

  static void put(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    } else {
      node.putNull(key);
    }
  }
}

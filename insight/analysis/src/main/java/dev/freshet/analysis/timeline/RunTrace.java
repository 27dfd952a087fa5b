package dev.freshet.analysis.timeline;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.AnalysisException;
import dev.freshet.analysis.LogMetric;
import dev.freshet.analysis.TracedCall;
import java.io.OutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.core.JacksonException;

/**
 * The trace of a recorded run. It is written event by event; memory is bounded as for an analysis.
 *
 * @param events in the trace
 * @param updates admin calls, successful or not
 * @param servers the number of servers
 * @param missing what could not be drawn or only placed approximately, and why: a sentence each
 */
public record RunTrace(
    long events,
    long updates,
    int servers,
    long batches,
    long checkpoints,
    int steps,
    List<String> missing) {

  public RunTrace {
    missing = List.copyOf(missing);
  }

  /**
   * Writes the trace of a run. Does not close the stream.
   *
   * @throws AnalysisException if no event has a time or the stream cannot be written
   */
  public static RunTrace write(Analysis analysis, RecordedMetrics metrics, OutputStream stream) {
    TraceAxis axis = TraceAxis.of(analysis, metrics);
    List<TracedCall> calls =
        analysis.calls().stream()
            .filter(call -> Double.isFinite(call.millis()))
            .map(metrics::inFull)
            .toList();
    List<Analysis.Moment> moments =
        analysis.moments().stream().filter(m -> Double.isFinite(m.millis())).toList();
    try (TraceWriter out = new TraceWriter(stream, about(analysis, axis))) {
      RoleProcesses roles = new RoleProcesses(out);
      CheckpointFlows checkpoints = new CheckpointFlows(moments, calls, axis);
      PipelineTracks pipeline = new PipelineTracks(out, roles, axis, metrics, checkpoints);
      analysis.loads().forEach(pipeline::draw);
      moments.forEach(pipeline::draw);
      analysis.begun().stream()
          .filter(begun -> Double.isFinite(begun.millis()))
          .forEach(pipeline::draw);
      UpdateTracks updates = new UpdateTracks(out, roles, axis, checkpoints);
      calls.forEach(updates::draw);
      if (!analysis.fleet().updates().isEmpty() || !analysis.fleet().changes().isEmpty()) {
        new FleetTracks(out, roles.orchestrator(), axis).draw(analysis.fleet());
      }
      return new RunTrace(
          out.events(),
          calls.size(),
          roles.servers(),
          count(moments, LogMetric.BATCH),
          count(moments, LogMetric.WRITE),
          pipeline.steps(),
          missing(analysis, metrics, updates.estimated(), pipeline.steps()));
    } catch (JacksonException e) {
      throw new AnalysisException("the trace cannot be written: " + e.getOriginalMessage(), e);
    }
  }

  private static Args about(Analysis analysis, TraceAxis axis) {
    return new Args()
        .text("begins", Instant.ofEpochMilli((long) axis.originMillis()).toString())
        .text(
            "logs",
            String.join(", ", analysis.inputs().stream().map(Analysis.Input::name).toList()));
  }

  private static long count(List<Analysis.Moment> moments, LogMetric metric) {
    return moments.stream().filter(moment -> moment.metric() == metric).count();
  }

  private static List<String> missing(
      Analysis analysis, RecordedMetrics metrics, long estimated, int steps) {
    List<String> missing = new ArrayList<>();
    for (LogMetric metric :
        List.of(LogMetric.WRITE, LogMetric.WAIT, LogMetric.BATCH, LogMetric.STALENESS)) {
      if (analysis.moments().stream().noneMatch(moment -> moment.metric() == metric)) {
        missing.add("no %s in these logs".formatted(metric.label()));
      }
    }
    if (analysis.calls().isEmpty()) {
      missing.add("no weight update in these logs");
    }
    of(missing, analysis.counts().unfinished(), "admin call", "admin calls", "without an end");
    of(missing, analysis.begun().size(), "batch or wait", "batches and waits", "without an end");
    of(missing, untimed(analysis), "event", "events", "without a time of day, not drawn");
    of(
        missing,
        analysis.calls().stream().filter(call -> !call.sent()).count(),
        "admin call",
        "admin calls",
        "that no client's log has");
    of(
        missing,
        estimated,
        "admin call",
        "admin calls",
        "whose server part is placed approximately, because the clocks cannot be related");
    if (metrics == RecordedMetrics.NONE) {
      missing.add("no metrics/*.jsonl beside these logs: no training steps and no reward");
    }
    of(
        missing,
        metrics.malformed(),
        "line",
        "lines",
        "of metrics/*.jsonl not read: no JSON object");
    of(
        missing,
        metrics.trained() - steps,
        "training step",
        "training steps",
        "whose [ckpt] write.done is in no log, not drawn");
    return missing;
  }

  private static long untimed(Analysis analysis) {
    return analysis.calls().stream().filter(call -> Double.isNaN(call.millis())).count()
        + analysis.moments().stream().filter(moment -> Double.isNaN(moment.millis())).count();
  }

  private static void of(List<String> missing, long count, String one, String many, String how) {
    if (count > 0) {
      missing.add(String.format(Locale.ROOT, "%,d %s %s", count, count == 1 ? one : many, how));
    }
  }
}

package dev.freshet.analysis.timeline;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.LogMetric;
import dev.freshet.analysis.TracedCall;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Arrows from the writing of a checkpoint over the wait for it to the updates that load it, by
 * step: one arrow per update, from write.done over wait.done to client.send. If a step has several
 * checkpoints, as with several runs, the last before the update is used. Moments must be drawn
 * before calls, by time.
 */
final class CheckpointFlows {
  /** The tolerated offset between the times of day of two hosts. */
  private static final double SLACK_MS = 100;

  /** An arrow, and how far it is drawn. */
  private static final class Arrow {
    private final Flow flow;
    private final long end;
    private Optional<Long> at = Optional.empty();

    Arrow(Flow flow, long end) {
      this.flow = flow;
      this.end = end;
    }
  }

  private final IdentityHashMap<Object, List<Arrow>> arrows = new IdentityHashMap<>();

  CheckpointFlows(List<Analysis.Moment> moments, List<TracedCall> calls, TraceAxis axis) {
    Map<Long, NavigableMap<Double, Analysis.Moment>> writes = byStep(moments, LogMetric.WRITE);
    Map<Long, NavigableMap<Double, Analysis.Moment>> waits = byStep(moments, LogMetric.WAIT);
    int flows = 0;
    for (TracedCall call : calls) {
      if (call.sent() && Double.isFinite(call.millis()) && Double.isFinite(call.step())) {
        Optional<Analysis.Moment> write = last(writes, call);
        Optional<Analysis.Moment> wait =
            last(waits, call).filter(w -> write.isEmpty() || w.millis() >= write.get().millis());
        String id = "0x" + Integer.toHexString(++flows);
        Arrow arrow =
            new Arrow(new Flow("checkpoint", "checkpoint", id), axis.nanos(call.millis()));
        write.ifPresent(moment -> add(moment, arrow));
        wait.ifPresent(moment -> add(moment, arrow));
        add(call, arrow);
      }
    }
  }

  private static Map<Long, NavigableMap<Double, Analysis.Moment>> byStep(
      List<Analysis.Moment> moments, LogMetric metric) {
    Map<Long, NavigableMap<Double, Analysis.Moment>> steps = new HashMap<>();
    moments.stream()
        .filter(m -> m.metric() == metric && Double.isFinite(m.millis() + m.step()))
        .forEach(
            m -> steps.computeIfAbsent((long) m.step(), _ -> new TreeMap<>()).put(m.millis(), m));
    return steps;
  }

  private static Optional<Analysis.Moment> last(
      Map<Long, NavigableMap<Double, Analysis.Moment>> steps, TracedCall call) {
    return Optional.ofNullable(steps.get((long) call.step()))
        .map(found -> found.floorEntry(call.millis() + SLACK_MS))
        .map(Map.Entry::getValue);
  }

  private void add(Object drawn, Arrow arrow) {
    arrows.computeIfAbsent(drawn, _ -> new ArrayList<>()).add(arrow);
  }

  /** Draws arrows away from the end of a write or wait, which was drawn last. */
  void drawFrom(Analysis.Moment moment, TraceWriter out, Lanes.Placed placed) {
    for (Arrow arrow : arrows.getOrDefault(moment, List.of())) {
      // Keep it within the slice and before the update if times of day are inconsistent.
      long at = Math.min(Math.max(placed.end() - 1, placed.start()), arrow.end);
      if (at >= placed.start() && at >= arrow.at.orElse(at)) {
        out.flow(
            arrow.flow,
            arrow.at.isEmpty() ? Flow.Stand.START : Flow.Stand.STEP,
            placed.track(),
            at);
        arrow.at = Optional.of(at);
      }
    }
  }

  /** Draws arrows to the start of a call, which was drawn last. */
  void drawTo(TracedCall call, TraceWriter out, Lanes.Placed placed) {
    arrows.getOrDefault(call, List.of()).stream()
        .filter(arrow -> arrow.at.isPresent())
        .forEach(arrow -> out.flow(arrow.flow, Flow.Stand.END, placed.track(), placed.start()));
  }
}

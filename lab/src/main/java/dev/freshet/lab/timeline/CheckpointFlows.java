package dev.freshet.lab.timeline;

import dev.freshet.lab.analyze.Analysis;
import dev.freshet.lab.analyze.Metric;
import dev.freshet.lab.analyze.TracedCall;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Arrows from the writing of a checkpoint over the wait for it to the updates that bring it to
 * servers, by step: an arrow an update. Of several checkpoints of one step, as of several runs, the
 * last before the update is meant.
 */
final class CheckpointFlows {
  /** The times of day of two hosts may differ by so much. */
  private static final double SLACK_MS = 100;

  /** An arrow's place at something that is drawn. */
  private record Place(Flow flow, Flow.Stand stand) {}

  private final IdentityHashMap<Object, List<Place>> places = new IdentityHashMap<>();

  CheckpointFlows(List<Analysis.Moment> moments, List<TracedCall> calls) {
    Map<Long, NavigableMap<Double, Analysis.Moment>> writes = byStep(moments, Metric.WRITE);
    Map<Long, NavigableMap<Double, Analysis.Moment>> waits = byStep(moments, Metric.WAIT);
    int flows = 0;
    for (TracedCall call : calls) {
      boolean of = call.sent() && Double.isFinite(call.millis()) && Double.isFinite(call.step());
      List<Analysis.Moment> before = new ArrayList<>();
      if (of) {
        last(writes, call).ifPresent(before::add);
        last(waits, call).ifPresent(before::add);
      }
      if (!before.isEmpty()) {
        Flow flow = new Flow("checkpoint", "checkpoint", "0x" + Integer.toHexString(++flows));
        add(before.getFirst(), new Place(flow, Flow.Stand.START));
        before.stream().skip(1).forEach(m -> add(m, new Place(flow, Flow.Stand.STEP)));
        add(call, new Place(flow, Flow.Stand.END));
      }
    }
  }

  private static Map<Long, NavigableMap<Double, Analysis.Moment>> byStep(
      List<Analysis.Moment> moments, Metric metric) {
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

  private void add(Object drawn, Place place) {
    places.computeIfAbsent(drawn, _ -> new ArrayList<>()).add(place);
  }

  /** Draws the arrows at what was drawn last. */
  void drawAt(Object drawn, TraceWriter out, Track track, long start) {
    places
        .getOrDefault(drawn, List.of())
        .forEach(place -> out.flow(place.flow(), place.stand(), track, start));
  }
}

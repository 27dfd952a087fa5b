package dev.freshet.lab.lanes;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.load.LoadTimeline;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Updates of one lane under one load.
 *
 * @param streams how many were asked for; 0 without load
 * @param loaded whether it belongs to a measurement under load, even of 0 streams
 * @param updates in the order they were due
 * @param timeline how the streams went on meanwhile; without readings if there were none
 */
public record LaneStretch(
    Lane lane,
    int streams,
    boolean loaded,
    List<UpdateSample> updates,
    StreamFigures streamFigures,
    LoadTimeline timeline) {
  public LaneStretch {
    updates = List.copyOf(updates);
  }

  /** What the updates waited, from when they were due. */
  public Distribution queueMs() {
    return of(UpdateSample::queueMs);
  }

  /** The engine's work. */
  public Distribution rpcMs() {
    return of(UpdateSample::rpcMs);
  }

  /** All of it, of updates that succeeded. */
  public Distribution wallMs() {
    return Distribution.of(
        updates.stream().filter(u -> u.error().isEmpty()).map(UpdateSample::wallMs).toList());
  }

  /** How long decoding was held. */
  public Distribution stallMs() {
    return of(UpdateSample::stallMs);
  }

  private Distribution of(Function<UpdateSample, OptionalDouble> figure) {
    return Distribution.of(
        updates.stream().map(figure).flatMap(value -> value.stream().boxed()).toList());
  }

  /** All of them by name; those that the server does not tell are of no values. */
  public Map<String, Distribution> figures() {
    Map<String, Distribution> figures = new LinkedHashMap<>();
    figures.put("queue_ms", queueMs());
    figures.put("rpc_ms", rpcMs());
    figures.put("wall_ms", wallMs());
    figures.put("stall_ms", stallMs());
    return figures;
  }

  /** Updates and streams that failed. */
  public long errors() {
    return updates.stream().filter(u -> u.error().isPresent()).count() + streamFigures.errors();
  }

  /** What the first of them failed with. */
  public Optional<String> firstError() {
    return updates.stream()
        .flatMap(u -> u.error().stream())
        .findFirst()
        .or(streamFigures::firstError);
  }
}

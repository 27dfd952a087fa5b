package dev.freshet.lab.lanes;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.load.LoadTimeline;
import dev.freshet.trace.UpdatePart;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Updates over one lane under one load.
 *
 * @param streams how many were requested; 0 without load
 * @param loaded whether it belongs to a measurement under load, even of 0 streams
 * @param updates in the order they were due
 * @param timeline of the streams meanwhile; without readings if there were no streams
 */
public record LaneStretch(
    Lane lane,
    int streams,
    boolean loaded,
    List<UpdateSample> updates,
    StreamFigures streamFigures,
    LoadTimeline timeline) {
  /** The parts of an update's time that reports have, in their order. */
  private static final List<UpdatePart> FIGURES =
      List.of(UpdatePart.QUEUE, UpdatePart.RPC, UpdatePart.WALL, UpdatePart.STALL);

  public LaneStretch {
    updates = List.copyOf(updates);
  }

  /** What the updates waited, from when they were due. */
  public Distribution queueMs() {
    return ms(UpdatePart.QUEUE);
  }

  /** The engine's work. */
  public Distribution rpcMs() {
    return ms(UpdatePart.RPC);
  }

  /** From due to done. */
  public Distribution wallMs() {
    return ms(UpdatePart.WALL);
  }

  /** How long a part of the updates that succeeded took; no values if the server reports none. */
  public Distribution ms(UpdatePart part) {
    return Distribution.of(
        updates.stream()
            .filter(update -> update.error().isEmpty())
            .flatMap(update -> update.ms(part).stream().boxed())
            .toList());
  }

  /** The figures of reports by part, in their order. */
  public Map<UpdatePart, Distribution> figures() {
    Map<UpdatePart, Distribution> figures = new LinkedHashMap<>();
    FIGURES.forEach(part -> figures.put(part, ms(part)));
    return figures;
  }

  /** How many updates and streams failed. */
  public long errors() {
    return updates.stream().filter(u -> u.error().isPresent()).count() + streamFigures.errors();
  }

  /** The error of the first of them. */
  public Optional<String> firstError() {
    return updates.stream()
        .flatMap(u -> u.error().stream())
        .findFirst()
        .or(streamFigures::firstError);
  }
}

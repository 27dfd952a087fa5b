package dev.freshet.lab.lanes.report;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneStretch;
import dev.freshet.lab.lanes.UpdateSample;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/** The figure by which lanes are compared. */
enum Latency {
  /** What updates waited. */
  QUEUE("queue_ms"),

  /** All that they took, where the server does not tell how much of it is its own work. */
  WALL("wall_ms");

  private final String label;

  Latency(String label) {
    this.label = label;
  }

  /** The one that the server makes known. */
  static Latency of(LaneFigures figures) {
    boolean told =
        Stream.concat(
                figures.idle().stream(),
                figures.runs().stream().flatMap(run -> run.loaded().stream()))
            .anyMatch(stretch -> stretch.queueMs().count() > 0);
    return told ? QUEUE : WALL;
  }

  /** What reports call it, with its unit. */
  String label() {
    return label;
  }

  /** Of those updates that have it, in the order they were due. */
  List<Double> values(LaneStretch stretch) {
    return stretch.updates().stream().flatMap(update -> of(update).stream().boxed()).toList();
  }

  private OptionalDouble of(UpdateSample update) {
    return switch (this) {
      case QUEUE -> update.queueMs();
      case WALL ->
          update.error().isEmpty() ? OptionalDouble.of(update.wallMs()) : OptionalDouble.empty();
    };
  }

  Distribution distribution(LaneStretch stretch) {
    return Distribution.of(values(stretch));
  }
}

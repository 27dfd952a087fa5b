package dev.freshet.lab.lanes.report;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.LaneStretch;
import dev.freshet.trace.UpdatePart;
import java.util.List;
import java.util.stream.Stream;

/** The figure by which lanes are compared. */
enum Latency {
  /** What updates waited. */
  QUEUE(UpdatePart.QUEUE),

  /** Their whole time, if the server does not report its own work. */
  WALL(UpdatePart.WALL);

  private final UpdatePart part;

  Latency(UpdatePart part) {
    this.part = part;
  }

  /** The figure that the server makes known. */
  static Latency of(LaneFigures figures) {
    boolean known =
        Stream.concat(
                figures.idle().stream(),
                figures.runs().stream().flatMap(run -> run.loaded().stream()))
            .anyMatch(stretch -> stretch.queueMs().count() > 0);
    return known ? QUEUE : WALL;
  }

  /** Its name in reports, with the unit. */
  String label() {
    return part.wireName();
  }

  /** Its values, of updates that succeeded, in the order they were due. */
  List<Double> values(LaneStretch stretch) {
    return stretch.updates().stream()
        .filter(update -> update.error().isEmpty())
        .flatMap(update -> update.ms(part).stream().boxed())
        .toList();
  }

  Distribution distribution(LaneStretch stretch) {
    return stretch.ms(part);
  }
}

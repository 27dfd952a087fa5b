package dev.freshet.analysis.report;

import dev.freshet.trace.UpdatePart;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The parts of an update's time that reports list, in their order. */
final class UpdateParts {
  /** The whole and its two halves. */
  static final List<UpdatePart> TOTALS = List.of(UpdatePart.WALL, UpdatePart.QUEUE, UpdatePart.RPC);

  /** The parts of the queue time. {@link UpdatePart#TRANSFER} repeats two of them. */
  static final List<UpdatePart> OF_QUEUE =
      others().filter(part -> part.parent().equals(Optional.of(UpdatePart.QUEUE))).toList();

  /** All that are neither totals nor phases. */
  static final List<UpdatePart> OTHERS = others().toList();

  private UpdateParts() {}

  private static Stream<UpdatePart> others() {
    return Stream.of(UpdatePart.values())
        .filter(part -> !part.isPhase() && part != UpdatePart.TRANSFER && !TOTALS.contains(part));
  }
}

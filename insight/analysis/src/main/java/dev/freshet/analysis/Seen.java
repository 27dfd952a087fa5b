package dev.freshet.analysis;

import dev.freshet.analysis.read.Stamp;

/** An event of the pipeline other than an admin call, and where it was read. */
sealed interface Seen {
  Place place();

  /**
   * @param order its position among all events read
   * @param line its number in the log
   */
  record Place(int source, long order, long line, Stamp stamp) {}

  record Write(Place place, double step, double writeMs) implements Seen {}

  record Wait(Place place, double step, double waitMs) implements Seen {}

  /**
   * @param startOrder the order of its batch.start in the same log; -1 if there was none
   */
  record Batch(Place place, long startOrder, double completions, double durMs, double inflight)
      implements Seen {}

  /**
   * A wait or a batch without an end.
   *
   * @param metric the metric that its end would add to
   * @param value the step waited for, or the number of completions to collect
   */
  record Begun(Place place, LogMetric metric, double value) implements Seen {}

  record Quality(Place place, double step, double truncPct, double staleness) implements Seen {}

  /**
   * The number of completions in flight.
   *
   * @param targetBatch the size of the batch that begins; NaN if none begins
   */
  record Load(Place place, double inflight, double targetBatch) implements Seen {}
}

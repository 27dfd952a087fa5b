package dev.freshet.analysis;

import dev.freshet.analysis.read.Stamp;

/** An event of the pipeline beside the admin calls, and where it was seen. */
sealed interface Seen {
  Place place();

  /**
   * @param order of all events read
   * @param line in the source
   */
  record Place(int source, long order, long line, Stamp stamp) {}

  record Write(Place place, double step, double writeMs) implements Seen {}

  record Wait(Place place, double step, double waitMs) implements Seen {}

  /**
   * @param startOrder of its batch.start in the same source; -1 if there was none
   */
  record Batch(Place place, long startOrder, double completions, double durMs, double inflight)
      implements Seen {}

  /**
   * A wait or a batch that has not ended yet.
   *
   * @param metric what its end would be a figure of
   * @param value the step that is awaited, or how many completions are collected
   */
  record Begun(Place place, LogMetric metric, double value) implements Seen {}

  record Quality(Place place, double step, double truncPct, double staleness) implements Seen {}

  /**
   * How many completions were in flight.
   *
   * @param targetBatch how many the batch that begins collects; NaN if none begins
   */
  record Load(Place place, double inflight, double targetBatch) implements Seen {}
}

package dev.freshet.lab.route;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** Updates of a fleet through its front. */
public record UpdateTimes(List<Update> all) {
  /** No updates. */
  static final UpdateTimes NONE = new UpdateTimes(List.of());

  /**
   * One update.
   *
   * @param wallMs from the beginning of its client's call to the answer
   * @param rpcMs the front's time, as its answer states it
   * @param slowestMs the engine's work of the slowest replica
   */
  record Update(double wallMs, double rpcMs, double slowestMs) {
    /** What the client waited for beyond the front's time. */
    double queueMs() {
      return wallMs - rpcMs;
    }

    /** What the update took beyond the slowest replica's work. */
    double beyondMs() {
      return wallMs - slowestMs;
    }
  }

  public UpdateTimes {
    all = List.copyOf(all);
  }

  int count() {
    return all.size();
  }

  /** A percentile of one of the times; NaN if there are no updates. */
  double percentile(double percent, ToDoubleFunction<Update> ms) {
    if (all.isEmpty()) {
      return Double.NaN;
    }
    int rank = (int) Math.ceil(percent / 100 * all.size());
    return all.stream()
        .mapToDouble(ms)
        .sorted()
        .skip(Math.max(0, rank - 1))
        .findFirst()
        .orElseThrow();
  }
}

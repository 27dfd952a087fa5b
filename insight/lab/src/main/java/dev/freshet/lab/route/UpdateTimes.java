package dev.freshet.lab.route;

import java.util.ArrayList;
import java.util.List;

/**
 * Updates of a fleet through its front, as its client measured them.
 *
 * @param wallMs from the beginning of each call to its answer
 * @param workMs the engine's work of the slowest replica in each
 */
public record UpdateTimes(List<Double> wallMs, List<Double> workMs) {
  /** No updates. */
  static final UpdateTimes NONE = new UpdateTimes(List.of(), List.of());

  public UpdateTimes {
    wallMs = List.copyOf(wallMs);
    workMs = List.copyOf(workMs);
  }

  int count() {
    return wallMs.size();
  }

  double wallMs(double percent) {
    return percentile(wallMs, percent);
  }

  double workMs(double percent) {
    return percentile(workMs, percent);
  }

  /** What an update took beyond the slowest replica's work. */
  double queueMs(double percent) {
    List<Double> queue = new ArrayList<>();
    for (int i = 0; i < wallMs.size(); i++) {
      queue.add(wallMs.get(i) - workMs.get(i));
    }
    return percentile(queue, percent);
  }

  private static double percentile(List<Double> values, double percent) {
    if (values.isEmpty()) {
      return Double.NaN;
    }
    int rank = (int) Math.ceil(percent / 100 * values.size());
    return values.stream().sorted().toList().get(Math.max(0, rank - 1));
  }
}

package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * When calls were sent, on the common time axis, in the resolution of the client's clock, which is
 * a microsecond. Times of day have only milliseconds; their offset from the clock is the median
 * over {@link #WINDOW} calls, which limits the effect of drift.
 */
final class SentTimes {
  private static final int WINDOW = 64;

  /** A client's log and run, and a window of its calls. */
  private record Stretch(int source, int epoch, int window) {}

  private final SourceTimes times;
  private final Map<AdminCall, Stretch> stretches = new HashMap<>();
  private final Map<Stretch, Double> offsets = new HashMap<>();

  SentTimes(List<AdminCall> calls, SourceTimes times) {
    this.times = times;
    Map<Stretch, Integer> counts = new HashMap<>();
    Map<Stretch, List<Double>> differences = new HashMap<>();
    for (AdminCall call : calls) {
      double difference = times.millis(call.clientSource, call.sendStamp) - call.sendT * 1000;
      if (!Double.isNaN(difference)) {
        Stretch whole = new Stretch(call.clientSource, call.clientEpoch, -1);
        int number = counts.merge(whole, 1, Integer::sum) - 1;
        Stretch stretch = new Stretch(call.clientSource, call.clientEpoch, number / WINDOW);
        stretches.put(call, stretch);
        differences.computeIfAbsent(stretch, _ -> new ArrayList<>()).add(difference);
      }
    }
    differences.forEach(
        (stretch, found) ->
            offsets.put(
                stretch,
                Samples.median(found.stream().mapToDouble(Double::doubleValue).toArray())));
  }

  /** In milliseconds; NaN if no line of the call has a time. */
  double millis(AdminCall call) {
    Stretch stretch = stretches.get(call);
    return stretch == null
        ? times.sentMillis(call)
        : call.sendT * 1000 + offsets.getOrDefault(stretch, Double.NaN);
  }
}

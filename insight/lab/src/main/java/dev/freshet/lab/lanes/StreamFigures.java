package dev.freshet.lab.lanes;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.load.LoadTimeline;
import dev.freshet.lab.load.StreamLoad;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Figures of streams around updates, as means over the updates. Tokens are events received: a
 * server that falls behind sends several tokens in one event, which counts once.
 *
 * @param open the number of open streams
 * @param before tokens a second in the second before an update was due
 * @param during tokens a second from then to the update's end, for one second at least
 * @param after tokens a second in the second after that
 * @param errors streams that failed
 * @param firstError the error of the first of them
 */
public record StreamFigures(
    double open,
    double before,
    double during,
    double after,
    long errors,
    Optional<String> firstError) {
  private static final long SECOND = 1_000_000_000L;

  /** The figures without streams. */
  static final StreamFigures NONE = new StreamFigures(0, 0, 0, 0, 0, Optional.empty());

  /** The figures around {@code updates}. */
  public static StreamFigures of(
      List<UpdateSample> updates, LoadTimeline timeline, StreamLoad.Counts counts) {
    List<Double> before = new ArrayList<>();
    List<Double> during = new ArrayList<>();
    List<Double> after = new ArrayList<>();
    for (UpdateSample update : updates) {
      long start = update.dueNanos();
      long end = Math.max(update.doneNanos(), start + SECOND);
      add(before, timeline.tokensPerS(start - SECOND, start));
      add(during, timeline.tokensPerS(start, end));
      add(after, timeline.tokensPerS(end, end + SECOND));
    }
    return new StreamFigures(
        open(updates, timeline),
        Distribution.of(before).mean(),
        Distribution.of(during).mean(),
        Distribution.of(after).mean(),
        counts.failed(),
        counts.failure());
  }

  private static void add(List<Double> values, double value) {
    if (Double.isFinite(value)) {
      values.add(value);
    }
  }

  private static double open(List<UpdateSample> updates, LoadTimeline timeline) {
    long first = updates.getFirst().dueNanos();
    long last = updates.getLast().doneNanos();
    return timeline.readings().stream()
        .filter(reading -> reading.nanos() >= first && reading.nanos() <= last)
        .mapToInt(LoadTimeline.Reading::streaming)
        .average()
        .orElse(Double.NaN);
  }
}

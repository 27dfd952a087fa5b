package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Contention by dose and response: the longer the update that begins in a batch, the longer the
 * batch. Tells contention where every batch meets an update, so that none is there to compare with.
 *
 * <p>The dose of a batch is the whole length of the first update that begins in it, or between it
 * and the batch before. It does not depend on how long the batch took; the time that they overlap
 * would, as a long batch has room for more of it. The correlation (Spearman's) must be strong and
 * significant, also between the deviations of each batch and its update from their neighbors, which
 * have no trend over time. Outliers count by their rank.
 */
final class UpdateDose {
  private static final int FEWEST = 10;
  private static final int NEIGHBORS = 2;
  private static final double STRONG = 0.5;

  /** Standard deviations beyond chance. */
  private static final double SIGNIFICANT = 4;

  /** The variance of Fisher's z of Spearman's coefficient (Fieller, Hartley and Pearson). */
  private static final double VARIANCE = 1.06;

  /** By how much batches with long updates are longer than those with short ones. */
  private static final double TIMES = 1.25;

  /**
   * An update that begins so shortly before the end of a batch, in short batches, is the next's.
   */
  private static final double AT_END = 0.1;

  private static final int MOST_SLOPES = 400;

  /**
   * How batches respond.
   *
   * @param batches those in which an update begins
   * @param correlation of dur_ms with the dose
   * @param withoutTrend the same of deviations from the neighbors
   * @param slope by how many milliseconds a batch is longer for one of the update (Theil and Sen)
   * @param brief the duration of a batch on the line at the tenth percentile of the doses
   * @param lengthy the same at the ninetieth
   * @param load the correlation of dur_ms with the completions in flight
   */
  record Response(
      List<Seen.Batch> batches,
      double correlation,
      double withoutTrend,
      double slope,
      double brief,
      double lengthy,
      double load) {}

  /** A time span of updates, on the axis of the batches. */
  private record Update(double start, double dose) {}

  private record Pair(Seen.Batch batch, double dose) {}

  private UpdateDose() {}

  /**
   * How batches respond to updates, if they do.
   *
   * @param batches those that count
   * @param timed whether the logs have times; else the order of lines in one log counts
   */
  static Optional<Response> of(Facts facts, List<Seen.Batch> batches, boolean timed) {
    List<Update> updates = timed ? byTime(facts) : byOrder(facts);
    Map<Integer, List<Seen.Batch>> logs =
        facts.batches.stream().collect(Collectors.groupingBy(batch -> batch.place().source()));
    Set<Seen.Batch> counted = Set.copyOf(batches);
    List<Pair> pairs =
        logs.values().stream()
            .flatMap(log -> pairs(facts, log, updates, timed).stream())
            .filter(pair -> counted.contains(pair.batch()))
            .toList();
    return pairs.size() < FEWEST ? Optional.empty() : response(pairs);
  }

  private static List<Update> byTime(Facts facts) {
    TimeSpans spans = new TimeSpans();
    for (AdminCall call : facts.calls) {
      spans.add(facts.times.sentMillis(call), facts.times.doneMillis(call));
    }
    return spans.merged().stream()
        .map(span -> new Update(span.start(), span.end() - span.start()))
        .toList();
  }

  private static List<Update> byOrder(Facts facts) {
    return facts.calls.stream()
        .filter(call -> call.sent && call.wallMs() >= 0)
        .map(call -> new Update(call.sendOrder, call.wallMs()))
        .sorted(Comparator.comparingDouble(Update::start))
        .toList();
  }

  /** The batches of a log in which an update begins. */
  private static List<Pair> pairs(
      Facts facts, List<Seen.Batch> log, List<Update> updates, boolean timed) {
    double[] durations = log.stream().mapToDouble(Seen.Batch::durMs).toArray();
    double atEnd = timed ? AT_END * Samples.percentile(durations, 10) : 0;
    List<Seen.Batch> sorted =
        log.stream()
            .filter(batch -> !Double.isNaN(end(facts, batch, timed)))
            .sorted(Comparator.comparingDouble(batch -> end(facts, batch, timed)))
            .toList();
    List<Pair> pairs = new ArrayList<>();
    int next = 0;
    double before = sorted.isEmpty() ? 0 : start(facts, sorted.getFirst(), timed);
    for (Seen.Batch batch : sorted) {
      double end = end(facts, batch, timed) - atEnd;
      while (next < updates.size() && updates.get(next).start() < before) {
        next++;
      }
      if (next < updates.size() && updates.get(next).start() < end) {
        pairs.add(new Pair(batch, updates.get(next).dose()));
      }
      before = end;
    }
    return pairs;
  }

  private static double end(Facts facts, Seen.Batch batch, boolean timed) {
    return timed ? facts.times.millis(batch.place()) : batch.place().order();
  }

  private static double start(Facts facts, Seen.Batch batch, boolean timed) {
    return timed ? end(facts, batch, true) - batch.durMs() : batch.startOrder();
  }

  private static Optional<Response> response(List<Pair> pairs) {
    double[] doses = pairs.stream().mapToDouble(Pair::dose).toArray();
    double[] durations = pairs.stream().mapToDouble(pair -> pair.batch().durMs()).toArray();
    double correlation = Samples.spearman(doses, durations);
    double withoutTrend = Samples.spearman(deviations(doses), deviations(durations));
    if (!isStrong(correlation, pairs.size()) || !isStrong(withoutTrend, pairs.size())) {
      return Optional.empty();
    }
    double slope = slope(doses, durations);
    double[] rests = new double[doses.length];
    Arrays.setAll(rests, i -> durations[i] - slope * doses[i]);
    double base = Samples.median(rests);
    double brief = Math.max(1, base + slope * Samples.percentile(doses.clone(), 10));
    double lengthy = base + slope * Samples.percentile(doses.clone(), 90);
    double[] inflight = pairs.stream().mapToDouble(pair -> pair.batch().inflight()).toArray();
    boolean loadKnown = Arrays.stream(inflight).noneMatch(Double::isNaN);
    return lengthy < TIMES * brief
        ? Optional.empty()
        : Optional.of(
            new Response(
                pairs.stream().map(Pair::batch).toList(),
                correlation,
                withoutTrend,
                slope,
                brief,
                lengthy,
                loadKnown ? Samples.spearman(inflight, durations) : Double.NaN));
  }

  private static boolean isStrong(double correlation, int n) {
    double fisher = Math.log((1 + correlation) / (1 - correlation)) / 2;
    return correlation >= STRONG && fisher * Math.sqrt((n - 3) / VARIANCE) >= SIGNIFICANT;
  }

  /** By how much each value differs from the median of its neighbors. */
  private static double[] deviations(double[] values) {
    double[] deviations = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      int from = Math.max(0, Math.min(i - NEIGHBORS, values.length - 1 - 2 * NEIGHBORS));
      double[] neighbors = new double[2 * NEIGHBORS];
      for (int k = 0, j = from; k < neighbors.length; j++) {
        if (j != i) {
          neighbors[k++] = values[j];
        }
      }
      deviations[i] = values[i] - Samples.median(neighbors);
    }
    return deviations;
  }

  /** The median of the slopes between all pairs of points, of evenly spaced ones if many. */
  private static double slope(double[] x, double[] y) {
    int step = (x.length + MOST_SLOPES - 1) / MOST_SLOPES;
    double[] slopes = new double[MOST_SLOPES * MOST_SLOPES / 2];
    int count = 0;
    for (int i = 0; i < x.length; i += step) {
      for (int j = i + step; j < x.length; j += step) {
        if (x[i] != x[j]) {
          slopes[count++] = (y[j] - y[i]) / (x[j] - x[i]);
        }
      }
    }
    return Samples.median(Arrays.copyOf(slopes, count));
  }
}

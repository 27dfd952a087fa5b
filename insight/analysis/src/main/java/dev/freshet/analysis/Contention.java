package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Contention: batches take longer while an update is in flight. A long batch overlaps more updates
 * merely because it is long. Therefore an update first counts only within the duration of a short
 * batch (the tenth percentile) from the start of the batch, which does not depend on the batch's
 * own duration. If that finds nothing, any overlap counts, but the two kinds of batches must differ
 * clearly. If that finds nothing either, as where all batches meet an update, {@link UpdateDose}
 * compares batches with long and with short updates. Without times of day, overlap follows from the
 * order of lines in one log. Batches that waited for weights are left out.
 */
final class Contention {
  private static final int FEWEST = 3;
  private static final int EXAMPLES = 3;
  private static final double SIGNIFICANT = 3.1;
  private static final double TIMES = 1.5;
  private static final double SHARE_APART = 0.2;

  /** Batches this many times as long as the others are reported although they are good. */
  private static final double SPIKE = 3;

  private static final double SPIKE_MS = 1000;

  /** With this correlation the completions in flight may explain the durations as well. */
  private static final double LOADED = 0.7;

  private final Facts facts;
  private final List<Seen.Batch> during = new ArrayList<>();
  private final List<Seen.Batch> apart = new ArrayList<>();
  private final boolean timed;

  private Contention(Facts facts, boolean timed) {
    this.facts = facts;
    this.timed = timed;
  }

  static Optional<Finding> judge(Facts facts) {
    boolean timed =
        facts.batches.stream().anyMatch(batch -> batch.place().stamp().known())
            && facts.calls.stream().anyMatch(call -> !Double.isNaN(facts.times.sentMillis(call)));
    Optional<Finding> compared =
        timed
            ? new Contention(facts, true)
                .byTime(percentile(facts.batches, 10))
                .or(() -> new Contention(facts, true).byTime(Double.POSITIVE_INFINITY))
            : new Contention(facts, false).byOrder();
    return compared.or(() -> new Contention(facts, timed).byDose());
  }

  private Optional<Finding> byDose() {
    if (timed) {
      splitByTime(Double.POSITIVE_INFINITY);
    } else {
      splitByOrder();
    }
    during.addAll(apart); // Batches that waited for weights are left out.
    return UpdateDose.of(facts, during, timed).flatMap(this::byDose);
  }

  private Optional<Finding> byDose(UpdateDose.Response response) {
    during.retainAll(Set.copyOf(response.batches()));
    return effect(response.lengthy(), response.brief())
        .map(
            effect -> {
              List<String> evidence = new ArrayList<>();
              evidence.add(
                  Text.of(
                      "In %d batches an update begins. dur_ms against the length of the update:"
                          + " Spearman %.2f, without the trend over time %.2f; %.2f ms more for"
                          + " each ms of the update (Theil and Sen; %s).",
                      response.batches().size(),
                      response.correlation(),
                      response.withoutTrend(),
                      response.slope(),
                      how()));
              if (!Double.isNaN(response.load())) {
                evidence.add(
                    Text.of(
                        "dur_ms against completions in flight: Spearman %.2f.", response.load()));
              }
              Confidence confidence =
                  confidence(
                      effect,
                      response.correlation(),
                      10 * (1 - response.brief() / response.lengthy()));
              return finding(
                  effect,
                  response.load() >= LOADED ? confidence.contradicts() : confidence,
                  Text.of(
                      "batches take %s with a long update and %s with a short one",
                      Text.ms(response.lengthy()), Text.ms(response.brief())),
                  evidence);
            });
  }

  /**
   * @param windowMs how long after a batch's start an update counts
   */
  private Optional<Finding> byTime(double windowMs) {
    splitByTime(windowMs);
    return Double.isInfinite(windowMs) && !standApart() ? Optional.empty() : finding();
  }

  private Optional<Finding> byOrder() {
    splitByOrder();
    return standApart() ? finding() : Optional.empty();
  }

  /**
   * Whether most batches with an update take much longer than most without. Few without an update
   * prove nothing: they may be those that were too short to meet one.
   */
  private boolean standApart() {
    return apart.size() >= SHARE_APART * (apart.size() + during.size())
        && percentile(during, 25) >= TIMES * percentile(apart, 75);
  }

  private static double percentile(List<Seen.Batch> batches, double percent) {
    return Samples.percentile(durations(batches), percent);
  }

  private void splitByTime(double window) {
    TimeSpans updates = new TimeSpans();
    for (AdminCall call : facts.calls) {
      updates.add(facts.times.sentMillis(call), facts.times.doneMillis(call));
    }
    TimeSpans waits = new TimeSpans();
    for (Seen.Wait wait : facts.waits) {
      if (!facts.ranges.of(LogMetric.WAIT).isGood(wait.waitMs())) {
        double end = facts.times.millis(wait.place());
        waits.add(end - wait.waitMs(), end);
      }
    }
    for (Seen.Batch batch : facts.batches) {
      double end = facts.times.millis(batch.place());
      double start = end - batch.durMs();
      if (!Double.isNaN(start) && !waits.meets(start, end)) {
        double until = Double.isInfinite(window) ? end : start + window;
        (updates.meets(start, until) ? during : apart).add(batch);
      }
    }
  }

  private void splitByOrder() {
    TimeSpans updates = new TimeSpans();
    for (AdminCall call : facts.calls) {
      if (call.sent && call.done) {
        updates.add((double) call.sendOrder, (double) call.doneOrder);
      }
    }
    for (Seen.Batch batch : facts.batches) {
      if (batch.startOrder() >= 0) {
        (updates.meets((double) batch.startOrder(), (double) batch.place().order())
                ? during
                : apart)
            .add(batch);
      }
    }
  }

  private static double[] durations(List<Seen.Batch> batches) {
    return batches.stream().mapToDouble(Seen.Batch::durMs).toArray();
  }

  private Optional<Finding> finding() {
    double with = Samples.median(durations(during));
    double without = Samples.median(durations(apart));
    if (during.size() < FEWEST
        || apart.size() < FEWEST
        || with < TIMES * without
        || Samples.rankSumZ(durations(during), durations(apart)) < SIGNIFICANT) {
      return Optional.empty();
    }
    return effect(with, without)
        .map(
            effect ->
                finding(
                    effect,
                    confidence(effect, effect.share(), 10 * (1 - without / with)),
                    Text.of(
                        "batches take %s instead of %s while an update is in flight",
                        Text.ms(with), Text.ms(without)),
                    new ArrayList<>(
                        List.of(
                            Text.of(
                                "%d batches with an update in flight take a median of %s, %d"
                                    + " without %s (%s).",
                                during.size(),
                                Text.ms(with),
                                apart.size(),
                                Text.ms(without),
                                how())))));
  }

  /** The batches with an update, if they are not good or far longer than others. */
  private Optional<Effect> effect(double with, double without) {
    Range range = facts.ranges.of(LogMetric.BATCH);
    boolean spike = with >= SPIKE * without && with - without >= SPIKE_MS;
    return Effect.of(durations(during), range)
        .or(
            () ->
                spike
                    ? Effect.of(durations(during), Range.below(with / 2, range.critical()))
                    : Optional.empty());
  }

  private String how() {
    return timed ? "by the lines' times" : "only by the order of lines";
  }

  private Confidence confidence(Effect effect, double share, double times) {
    Confidence confidence = Confidence.of(share, times, effect.n());
    return timed ? confidence.agrees() : confidence;
  }

  private Finding finding(
      Effect effect, Confidence confidence, String what, List<String> evidence) {
    during.stream()
        .sorted(Comparator.comparingDouble(Seen.Batch::durMs).reversed())
        .limit(EXAMPLES)
        .map(
            batch ->
                Text.of(
                    "dur_ms %.1f, inflight %.0f (%s)",
                    batch.durMs(), batch.inflight(), facts.at(batch.place())))
        .forEach(evidence::add);
    calls().forEach(evidence::add);
    return new Finding(
        Signature.CONTENTION,
        effect.severity(),
        confidence.value(),
        what,
        evidence,
        "The update takes resources from generation: prepare it on fewer threads, verify less while"
            + " decoding, shorten the pause, or update fewer servers at once.");
  }

  /** Updates that overlap the longest batch. */
  private List<String> calls() {
    if (!timed) {
      return List.of();
    }
    double[] ends =
        during.stream()
            .sorted(Comparator.comparingDouble(Seen.Batch::durMs).reversed())
            .limit(1)
            .mapToDouble(batch -> facts.times.millis(batch.place()))
            .toArray();
    double longest = Arrays.stream(durations(during)).max().orElse(0);
    return facts.calls.stream()
        .filter(
            call ->
                ends.length > 0
                    && facts.times.sentMillis(call) <= ends[0]
                    && facts.times.doneMillis(call) >= ends[0] - longest)
        .limit(EXAMPLES)
        .map(facts::evidence)
        .toList();
  }
}

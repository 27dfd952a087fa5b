package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Compares the figures with a naive calculation. */
class FiguresTest {
  private static final double CLOSE = 1e-9;

  /** All values of a key in lines that have an event, by regular expression. */
  private static double[] values(String log, String event, String key) {
    Matcher matcher =
        Pattern.compile("(?m)^.*" + Pattern.quote(event) + ".* " + key + "=([0-9.]+)(?= |$).*$")
            .matcher(log);
    List<Double> values = new ArrayList<>();
    while (matcher.find()) {
      values.add(Double.parseDouble(matcher.group(1)));
    }
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** numpy's default: linear interpolation between order statistics. */
  private static double quantile(double[] values, double q) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double h = (sorted.length - 1) * q;
    double low = sorted[(int) h];
    return low + (h - Math.floor(h)) * (sorted[(int) Math.ceil(h)] - low);
  }

  private static void assertAgrees(Stats stats, double[] values, double good, double critical) {
    int n = values.length;
    double mean = Arrays.stream(values).sum() / n;
    double variance = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / n;
    assertThat(stats.count()).isEqualTo(n);
    assertThat(stats.mean()).isCloseTo(mean, within(CLOSE * mean));
    assertThat(stats.stddev()).isCloseTo(Math.sqrt(variance), within(1e-7 * mean));
    assertThat(stats.min()).isEqualTo(Arrays.stream(values).min().orElseThrow());
    assertThat(stats.max()).isEqualTo(Arrays.stream(values).max().orElseThrow());
    assertThat(stats.p50()).isCloseTo(quantile(values, 0.50), within(CLOSE * mean));
    assertThat(stats.p90()).isCloseTo(quantile(values, 0.90), within(CLOSE * mean));
    assertThat(stats.p95()).isCloseTo(quantile(values, 0.95), within(CLOSE * mean));
    assertThat(stats.p99()).isCloseTo(quantile(values, 0.99), within(CLOSE * mean));
    double isGood = Arrays.stream(values).filter(v -> v < good).count();
    double isCritical = Arrays.stream(values).filter(v -> v > critical).count();
    assertThat(stats.good()).isCloseTo(isGood / n, within(CLOSE));
    assertThat(stats.critical()).isCloseTo(isCritical / n, within(CLOSE));
    assertThat(stats.warning()).isCloseTo((n - isGood - isCritical) / n, within(CLOSE));
  }

  @Test
  void everyMetricAgreesWithAnIndependentCalculation() {
    SimulatedRun run = new SimulatedRun(11);
    run.gapMs = _ -> Math.exp(run.random.nextGaussian() * 2 + 5);
    run.rpcMs = _ -> Math.exp(run.random.nextGaussian() + 7.5);
    run.writeMs = _ -> Math.exp(run.random.nextGaussian() + 7);
    run.waitMs = _ -> Math.exp(run.random.nextGaussian() + 6.5);
    run.truncPct = _ -> 40 * run.random.nextDouble();
    run.staleness = _ -> run.random.nextInt(7);
    Analysis analysis = AnalyzedLogs.analyze(AnalyzedLogs.asyncLevel(2), run.run());
    String orchestrator = run.log(SimulatedRun.Role.ORCHESTRATOR);
    String trainer = run.log(SimulatedRun.Role.TRAINER);

    assertAgrees(
        stats(analysis, LogMetric.QUEUE),
        values(orchestrator, "client.done", "queue_ms"),
        100,
        1000);
    assertAgrees(
        stats(analysis, LogMetric.RPC), values(orchestrator, "client.done", "rpc_ms"), 2000, 5000);
    assertAgrees(
        stats(analysis, LogMetric.WALL),
        values(orchestrator, "client.done", "wall_ms"),
        3000,
        1e18);
    assertAgrees(
        stats(analysis, LogMetric.WRITE),
        values(trainer, "[ckpt] write.done", "write_ms"),
        1000,
        5000);
    assertAgrees(
        stats(analysis, LogMetric.WAIT),
        values(orchestrator, "[ckpt] wait.done", "wait_ms"),
        500,
        2000);
    assertAgrees(
        stats(analysis, LogMetric.BATCH),
        values(orchestrator, "[gen] batch.done", "dur_ms"),
        5000,
        10_000);
    assertAgrees(
        stats(analysis, LogMetric.TRUNCATION),
        values(orchestrator, "[rollout]", "trunc_pct"),
        10,
        30);
    assertAgrees(
        stats(analysis, LogMetric.STALENESS),
        values(orchestrator, "[rollout]", "staleness"),
        2.5,
        4);
  }

  private static Stats stats(Analysis analysis, LogMetric metric) {
    return Optional.ofNullable(analysis.stats().get(metric)).orElseThrow();
  }

  @Test
  void moreValuesThanAreKeptHaveExactMomentsAndPercentilesWithinAPercent() {
    Random random = new Random(5);
    double[] values =
        random.doubles(MetricValues.MOST_EXACT + 50_000L).map(u -> Math.exp(8 * u)).toArray();
    MetricValues series = new MetricValues();
    Arrays.stream(values).forEach(v -> series.add(v, Range.below(100, 1000)));

    Stats stats = series.stats();

    assertThat(stats.exact()).isFalse();
    assertThat(stats.count()).isEqualTo(values.length);
    double mean = Arrays.stream(values).average().orElseThrow();
    assertThat(stats.mean()).isCloseTo(mean, within(1e-9 * mean));
    for (double[] pair :
        new double[][] {{stats.p50(), 0.5}, {stats.p90(), 0.9}, {stats.p99(), 0.99}}) {
      double exact = quantile(values, pair[1]);
      assertThat(pair[0]).isCloseTo(exact, within(0.01 * exact));
    }
  }

  @Test
  void percentilesAndRanksAgreeWithANaiveCalculation() {
    Random random = new Random(3);
    for (int n = 1; n < 200; n++) {
      double[] values = random.ints(n, 0, n).mapToDouble(i -> i / 4.0).toArray();
      for (double percent : new double[] {0, 10, 25, 50, 90, 95, 99, 100}) {
        assertThat(Samples.percentile(values.clone(), percent))
            .isCloseTo(quantile(values, percent / 100), within(CLOSE));
      }
      double[] ranks =
          Arrays.stream(values)
              .map(
                  value ->
                      Arrays.stream(values).filter(v -> v < value).count()
                          + (Arrays.stream(values).filter(v -> v == value).count() + 1) / 2.0)
              .toArray();
      assertThat(Samples.ranks(values)).containsExactly(ranks);
    }
    assertThat(Samples.percentile(new double[0], 50)).isNaN();
    assertThat(Samples.median(new double[] {Double.NaN, 4, 2})).isEqualTo(3);
    assertThat(Samples.ranks(new double[0])).isEmpty();
    assertThat(Samples.spearman(new double[0], new double[0])).isNaN();
  }

  @Test
  void ranksAndTheirCorrelationAreThoseOfTheTextbook() {
    assertThat(Samples.ranks(new double[] {3, 1, 4, 1, 5})).containsExactly(3, 1.5, 4, 1.5, 5);
    // Pairs and coefficient of the usual example: IQ against hours of television.
    assertThat(
            Samples.spearman(
                new double[] {106, 100, 86, 101, 99, 103, 97, 113, 112, 110},
                new double[] {7, 27, 2, 50, 28, 29, 20, 12, 6, 17}))
        .isCloseTo(-29.0 / 165, within(1e-12));
    assertThat(Samples.pearson(new double[] {1, 2, 3}, new double[] {2, 4, 6})).isEqualTo(1);
    assertThat(Samples.pearson(new double[] {1, 1}, new double[] {2, 4})).isNaN();
  }

  @Test
  void aTrendIsNotMovedByOutliersAndNoneIsFoundInNoise() {
    Random random = new Random(9);
    double[] rising = new double[100];
    double[] noise = new double[100];
    for (int i = 0; i < rising.length; i++) {
      rising[i] = 400 + 5 * i + random.nextGaussian() + (i % 10 == 3 ? 30_000 : 0);
      noise[i] = 400 + 20 * random.nextGaussian();
    }

    assertThat(Trend.of(rising).growth()).isCloseTo(5 * 99, within(25.0));
    assertThat(Trend.of(rising).z()).isGreaterThan(8);
    assertThat(Math.abs(Trend.of(noise).z())).isLessThan(3);
  }
}

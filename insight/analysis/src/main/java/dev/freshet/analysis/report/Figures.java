package dev.freshet.analysis.report;

import dev.freshet.analysis.Range;
import dev.freshet.analysis.Stats;
import dev.freshet.plots.Numbers;
import java.util.List;
import java.util.Locale;

/** Formats figures for reports. */
final class Figures {
  static final List<String> HEADS =
      List.of(
          "count",
          "mean",
          "stddev",
          "min",
          "p50",
          "p90",
          "p95",
          "p99",
          "max",
          "good",
          "warning",
          "critical");

  private Figures() {}

  /** The cells of a metric's row, in the order of {@link #HEADS}. */
  static List<String> cells(Stats stats) {
    return List.of(
        String.format(Locale.ROOT, "%,d", stats.count()),
        Numbers.rounded(stats.mean()),
        Numbers.rounded(stats.stddev()),
        Numbers.rounded(stats.min()),
        Numbers.rounded(stats.p50()),
        Numbers.rounded(stats.p90()),
        Numbers.rounded(stats.p95()),
        Numbers.rounded(stats.p99()),
        Numbers.rounded(stats.max()),
        share(stats.good()),
        share(stats.warning()),
        share(stats.critical()));
  }

  static String share(double share) {
    return Double.isNaN(share) ? "-" : String.format(Locale.ROOT, "%.1f%%", share * 100);
  }

  /** The good and critical bounds, in words. */
  static String range(Range range, String unit) {
    if (!range.known()) {
      return "no range";
    }
    String good =
        (range.inclusive() ? "good up to " : "good below ")
            + Numbers.rounded(range.good())
            + " "
            + unit;
    return Double.isInfinite(range.critical())
        ? good
        : good + ", critical above " + Numbers.rounded(range.critical()) + " " + unit;
  }
}

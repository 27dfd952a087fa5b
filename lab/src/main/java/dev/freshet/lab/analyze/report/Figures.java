package dev.freshet.lab.analyze.report;

import dev.freshet.lab.analyze.Range;
import dev.freshet.lab.analyze.Stats;
import java.util.List;
import java.util.Locale;

/** Figures as reports write them. */
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
        number(stats.mean()),
        number(stats.stddev()),
        number(stats.min()),
        number(stats.p50()),
        number(stats.p90()),
        number(stats.p95()),
        number(stats.p99()),
        number(stats.max()),
        share(stats.good()),
        share(stats.warning()),
        share(stats.critical()));
  }

  /** Two decimals below ten, one below a thousand, none above; a dash if it is not known. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    double size = Math.abs(value);
    return String.format(Locale.ROOT, size < 10 ? "%.2f" : size < 1000 ? "%.1f" : "%,.0f", value);
  }

  static String share(double share) {
    return Double.isNaN(share) ? "-" : String.format(Locale.ROOT, "%.1f%%", share * 100);
  }

  /** What is good and what is critical, in words. */
  static String range(Range range, String unit) {
    if (!range.known()) {
      return "no range";
    }
    String good =
        (range.inclusive() ? "good up to " : "good below ") + number(range.good()) + " " + unit;
    return Double.isInfinite(range.critical())
        ? good
        : good + ", critical above " + number(range.critical()) + " " + unit;
  }
}

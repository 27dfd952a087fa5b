package dev.freshet.analysis;

/**
 * The correlation of two figures of calls.
 *
 * @param pearson of the values; NaN where one does not vary
 * @param spearman of their ranks
 */
public record Correlation(String metric, String with, int count, double pearson, double spearman) {
  private static final int ENOUGH = 8;

  /** Whether there are enough calls. */
  public boolean known() {
    return count >= ENOUGH && !Double.isNaN(spearman);
  }
}

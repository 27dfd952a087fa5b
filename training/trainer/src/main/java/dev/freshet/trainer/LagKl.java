package dev.freshet.trainer;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The mismatch KL of tokens by version lag: by how many versions the policy that generated them is
 * older than the one being trained. Lags of {@link #MOST} or more count as one.
 *
 * @param kl the sums over the tokens of each lag, from 0
 * @param tokens the number of tokens of each lag
 */
record LagKl(double[] kl, long[] tokens) {
  /** The highest lag with figures of its own, together with those above it. */
  static final int MOST = 8;

  LagKl() {
    this(new double[MOST + 1], new long[MOST + 1]);
  }

  void add(int lag, double sum, long count) {
    kl[lag] += sum;
    tokens[lag] += count;
  }

  void add(LagKl other) {
    for (int lag = 0; lag <= MOST; lag++) {
      add(lag, other.kl[lag], other.tokens[lag]);
    }
  }

  /** The mean over all tokens, at least one. */
  double mean() {
    return Arrays.stream(kl).sum() / Arrays.stream(tokens).sum();
  }

  /** The means by lag, of the lags that have tokens. */
  Map<Integer, Double> means() {
    Map<Integer, Double> means = new LinkedHashMap<>();
    for (int lag = 0; lag <= MOST; lag++) {
      if (tokens[lag] > 0) {
        means.put(lag, kl[lag] / tokens[lag]);
      }
    }
    return means;
  }
}

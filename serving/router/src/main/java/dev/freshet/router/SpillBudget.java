package dev.freshet.router;

import java.util.List;

/**
 * When a replica has so much work that a request is better off without its KV cache: with {@code
 * maxInFlight} requests of this front, or with {@code factor} times as many as the candidates have
 * on average and {@code slack} more.
 */
record SpillBudget(int maxInFlight, double factor, int slack) {
  /**
   * Whether {@code upstream}, one of {@code candidates}, is to get no request that may go
   * elsewhere.
   */
  boolean isSpent(Upstream upstream, List<Upstream> candidates) {
    int load = upstream.inFlight();
    if (candidates.size() == 1) {
      return false;
    }
    double mean = candidates.stream().mapToInt(Upstream::inFlight).average().orElse(0);
    return load >= maxInFlight || load > factor * mean + slack;
  }
}

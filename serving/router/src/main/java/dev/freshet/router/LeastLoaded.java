package dev.freshet.router;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The replica with the fewest requests of this front. Of several, each in turn, so that a burst is
 * spread before its first answers come.
 */
final class LeastLoaded implements Policy {
  private final AtomicInteger turn = new AtomicInteger();

  @Override
  public Upstream choose(RoutedRequest request, List<Upstream> candidates) {
    return among(candidates);
  }

  Upstream among(List<Upstream> candidates) {
    int first = Math.floorMod(turn.getAndIncrement(), candidates.size());
    Upstream least = candidates.get(first);
    int load = least.inFlight();
    for (int i = 1; i < candidates.size(); i++) {
      Upstream other = candidates.get((first + i) % candidates.size());
      int otherLoad = other.inFlight();
      if (otherLoad < load) {
        least = other;
        load = otherLoad;
      }
    }
    return least;
  }
}

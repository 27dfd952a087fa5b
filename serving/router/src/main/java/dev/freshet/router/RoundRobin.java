package dev.freshet.router;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Each replica in turn, whatever its load. */
final class RoundRobin implements Policy {
  private final AtomicInteger turn = new AtomicInteger();

  @Override
  public Upstream choose(RoutedRequest request, List<Upstream> candidates) {
    return candidates.get(Math.floorMod(turn.getAndIncrement(), candidates.size()));
  }
}

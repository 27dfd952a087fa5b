package dev.freshet.router;

import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A session stays with the replica that got its first request, where its KV cache is: the least
 * loaded one then. It moves to the least loaded one when its replica is gone, serves too old a
 * version or has spent its budget. A session is forgotten when it is finished, after a time without
 * requests, and when there are too many. A request without a session goes to the least loaded.
 * Thread-safe.
 */
final class StickyLeastLoaded implements Policy {
  private static final int MAX_SESSIONS = 1 << 17;

  private record Pin(Upstream upstream, long usedNanos) {}

  private final LeastLoaded leastLoaded = new LeastLoaded();
  private final SpillBudget budget;
  private final Duration lifetime;
  private final MonotonicClock clock;

  /** Least recently used first. */
  private final Map<String, Pin> pins = new LinkedHashMap<>();

  /**
   * @param lifetime after which an unused session is forgotten
   */
  StickyLeastLoaded(SpillBudget budget, Duration lifetime, MonotonicClock clock) {
    this.budget = budget;
    this.lifetime = lifetime;
    this.clock = clock;
  }

  @Override
  public Upstream choose(RoutedRequest request, List<Upstream> candidates) {
    Optional<String> session = request.session();
    return session.isPresent()
        ? ofSession(session.get(), candidates)
        : leastLoaded.among(candidates);
  }

  private synchronized Upstream ofSession(String session, List<Upstream> candidates) {
    long now = clock.nanos();
    forgetOld(now);
    Optional<Upstream> pinned =
        Optional.ofNullable(pins.remove(session))
            .map(Pin::upstream)
            .filter(candidates::contains)
            .filter(upstream -> !budget.isSpent(upstream, candidates));
    Upstream chosen = pinned.orElseGet(() -> leastLoaded.among(candidates));
    pins.put(session, new Pin(chosen, now));
    return chosen;
  }

  private void forgetOld(long now) {
    while (!pins.isEmpty()) {
      Map.Entry<String, Pin> oldest = pins.entrySet().iterator().next();
      boolean expired = now - oldest.getValue().usedNanos() > lifetime.toNanos();
      if (!expired && pins.size() < MAX_SESSIONS) {
        return;
      }
      pins.remove(oldest.getKey());
    }
  }

  @Override
  public synchronized boolean finishSession(String session) {
    return pins.remove(session) != null;
  }
}

package dev.freshet.fleet;

import dev.freshet.client.Calls;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Waits;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Hands rollouts to replicas: to the one in the routing table that has the fewest, requests of
 * others included as far as engines report them, and does not back off. Thread-safe.
 */
final class ServerChoice {
  private static final long CANCELLATION_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Replicas replicas;
  private final Duration recovery;
  private final MonotonicClock clock;
  private int held;

  /**
   * @param recovery how long a rollout waits while no replica serves
   */
  ServerChoice(Replicas replicas, Duration recovery, MonotonicClock clock) {
    this.replicas = replicas;
    this.recovery = recovery;
    this.clock = clock;
  }

  /**
   * Takes a replica, waiting while none may have a rollout. Empty if {@code scope} was cancelled.
   *
   * @throws FleetException if none has served for as long as it may wait
   */
  Optional<Replica> acquire(Optional<Replica> avoid, Calls scope) throws InterruptedException {
    replicas.lock().lock();
    try {
      Optional<Replica> taken = tryAcquire(avoid, scope);
      if (taken.isPresent() || scope.cancelled()) {
        return taken;
      }
      held++;
      try (Waits.Open _ =
          Waits.begin("orchestrator", "a server that may have a rollout", "inference")) {
        long since = clock.nanos();
        while (taken.isEmpty() && !scope.cancelled()) {
          since = noneServes() ? since : clock.nanos();
          if (clock.nanos() - since > recovery.toNanos()) {
            throw new FleetException(
                "no inference server serves for %d s: %s".formatted(recovery.toSeconds(), whys()));
          }
          var _ = replicas.changed().awaitNanos(CANCELLATION_POLL_NANOS);
          taken = tryAcquire(avoid, scope);
        }
      } finally {
        held--;
      }
      return taken;
    } finally {
      replicas.lock().unlock();
    }
  }

  /** The number of rollouts that wait for a replica. */
  int held() {
    return replicas.read(_ -> held);
  }

  private boolean noneServes() {
    return replicas.all().stream().noneMatch(r -> r.routable() || r.life().state().returns());
  }

  private String whys() {
    return replicas.all().stream()
        .map(
            r ->
                "%s is %s: %s"
                    .formatted(r.url(), r.life().state().wireName(), r.life().why().orElse("")))
        .collect(Collectors.joining("; "));
  }

  private Optional<Replica> tryAcquire(Optional<Replica> avoid, Calls scope) {
    if (scope.cancelled()) {
      return Optional.empty();
    }
    long now = clock.nanos();
    List<Replica> free =
        replicas.all().stream().filter(Replica::routable).filter(r -> !r.backsOff(now)).toList();
    Optional<Replica> best =
        free.stream()
            .min(
                Comparator.comparing((Replica r) -> avoid.filter(r::equals).isPresent())
                    .thenComparingLong(Replica::load));
    best.ifPresent(Replica::rolloutStarted);
    return best;
  }

  void release(Replica replica) {
    replicas.read(
        _ -> {
          replica.rolloutEnded();
          return replica;
        });
  }

  void succeeded(Replica replica) {
    replicas.read(
        _ -> {
          replica.succeeded();
          replicas.changed().signalAll();
          return replica;
        });
  }

  void failed(Replica replica) {
    replicas.read(
        _ -> {
          replica.failed(clock.nanos());
          return replica;
        });
  }
}

package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.FleetLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The start of a fleet, all servers at once: waits until they are healthy, finishes or undoes the
 * update that the transaction journal has no end of, and brings every server to one version. Used
 * by one thread, before the servers are looked after.
 */
final class FleetStart {
  private static final Logger LOG = LoggerFactory.getLogger(FleetStart.class);
  private static final Duration PROBE_INTERVAL = Duration.ofMillis(250);

  /** The version of a server that does not report a number. */
  private static final long UNTOLD = -1;

  private final Replicas replicas;
  private final Parallel parallel;
  private final CatchUp catchUp;
  private final Optional<TransactionJournal> transactions;
  private final MonotonicClock clock;
  private final FleetLog log;

  /**
   * @param weights what every server serves now
   * @param loaded what was done on each server that had to load
   */
  record Started(Target weights, List<ReplicaResult> loaded) {}

  FleetStart(
      Replicas replicas,
      Parallel parallel,
      CatchUp catchUp,
      Optional<TransactionJournal> transactions,
      MonotonicClock clock,
      FleetLog log) {
    this.replicas = replicas;
    this.parallel = parallel;
    this.catchUp = catchUp;
    this.transactions = transactions;
    this.clock = clock;
    this.log = log;
  }

  /**
   * Returns once every server is healthy, or when {@code stopping}.
   *
   * @throws FleetException if a server is not healthy within {@code deadline}
   */
  void awaitHealthy(Duration deadline, BooleanSupplier stopping) throws InterruptedException {
    long end = clock.nanos() + deadline.toNanos();
    parallel.forEach(replicas.all(), replica -> awaitHealthy(replica, end, deadline, stopping));
  }

  private void awaitHealthy(
      Replica replica, long end, Duration deadline, BooleanSupplier stopping) {
    String found = "";
    try (Waits.Open _ =
        Waits.begin(
            replica.client().role(),
            "the server to be healthy",
            "inference " + replica,
            deadline)) {
      while (!stopping.getAsBoolean()) {
        try {
          if (replica.healthy()) {
            return;
          }
          found = "it answers that it is not";
        } catch (AdminException e) {
          if (found.isEmpty()) {
            LOG.info("waiting for server {} to be healthy: {}", replica, e.getMessage());
          }
          found = OneLine.of(e);
        }
        if (clock.nanos() >= end) {
          throw new FleetException(
              "server %s is not healthy within %d s of the start: %s"
                  .formatted(replica.url(), deadline.toSeconds(), found));
        }
        Thread.sleep(PROBE_INTERVAL);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Brings every server to {@code first}, or, if an update was interrupted, to what that ends with.
   *
   * @throws FleetException if a server does not serve it after all
   */
  Started bringUp(Target first) throws InterruptedException {
    Optional<TransactionJournal.Open> open = interrupted();
    return open.isPresent() ? end(open.get()) : new Started(first, load(first));
  }

  /**
   * Takes every server as it is, unless an update was interrupted, which it ends.
   *
   * @return what all servers serve, if an update was interrupted
   * @throws FleetException if a server cannot be asked, or does not serve that after all
   */
  Optional<Target> adopt() throws InterruptedException {
    Optional<TransactionJournal.Open> open = interrupted();
    if (open.isPresent()) {
      return Optional.of(end(open.get()).weights());
    }
    parallel.forEach(
        replicas.all(),
        replica -> {
          try {
            replicas.adopt(replica, replica.probe(0).version().orElse(UNTOLD));
          } catch (AdminException e) {
            throw new FleetException(OneLine.of(e), e);
          }
        });
    return Optional.empty();
  }

  private Optional<TransactionJournal.Open> interrupted() {
    return transactions.flatMap(TransactionJournal::open);
  }

  /** Finishes or undoes an interrupted update. */
  private Started end(TransactionJournal.Open open) throws InterruptedException {
    Target weights = new Recovery(replicas, parallel).decide(open);
    log.interrupted(open.target().version(), weights.equals(open.target()));
    List<ReplicaResult> loaded = load(weights);
    transactions.orElseThrow().ended(open.target());
    return new Started(weights, loaded);
  }

  private List<ReplicaResult> load(Target weights) throws InterruptedException {
    replicas.commit(List.of(), weights.version());
    ConcurrentLinkedQueue<ReplicaResult> loaded = new ConcurrentLinkedQueue<>();
    parallel.forEach(
        replicas.all(), replica -> catchUp.run(replica, weights).ifPresent(loaded::add));
    List<String> others =
        replicas.read(all -> all.stream().map(Replica::status).toList()).stream()
            .filter(status -> status.state() != ReplicaState.SERVING)
            .map(status -> "server %s: %s".formatted(status.server(), status.why().orElse("")))
            .toList();
    if (!others.isEmpty()) {
      throw new FleetException(
          "cannot bring every server to version %d: %s"
              .formatted(weights.version(), String.join("; ", others)));
    }
    return List.copyOf(loaded);
  }
}

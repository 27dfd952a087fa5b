package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.Calls;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The inference servers of a run. A rollout goes to the server in rotation that has the fewest and
 * does not back off; weights go to all servers in rotation in parallel, each over its own admin
 * lane.
 *
 * <p>Invariants: the policy version advances only when every server in rotation has acknowledged
 * it; a server that fails an update which another acknowledged is quarantined and never receives a
 * rollout again; the journal records a version before any server can serve it. Thread-safe.
 */
public final class Fleet implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);
  private static final long CANCELLATION_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final Duration PROBE_INTERVAL = Duration.ofMillis(250);

  private final List<Replica> servers;
  private final Duration updateDeadline;
  private final UpdateJournal journal;
  private final Set<Long> requestedVersions = ConcurrentHashMap.newKeySet();
  private final MonotonicClock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private final ParallelUpdate parallel = new ParallelUpdate();
  private volatile RoutingTable table = RoutingTable.EMPTY;

  public Fleet(
      List<ServerAddress> addresses,
      Optional<AdminToken> token,
      Duration updateDeadline,
      UpdateJournal journal,
      EventLog events) {
    AdminDeadlines deadlines = AdminDeadlines.DEFAULT.withUpdate(updateDeadline);
    this.servers =
        addresses.stream()
            .map(a -> new Replica(a, Dialects.FRESHET, deadlines, token, events))
            .toList();
    this.updateDeadline = updateDeadline;
    this.journal = journal;
    this.clock = events.clock();
  }

  /** The version that every server in rotation has acknowledged. */
  public long policyVersion() {
    return table.policyVersion();
  }

  /** Which servers may receive a new request now. */
  public RoutingTable table() {
    return table;
  }

  /** Publishes the servers' states; the caller holds the lock. */
  private void publish(long version) {
    table =
        new RoutingTable(
            version,
            servers.stream().filter(Replica::routable).map(Replica::route).toList(),
            (int) servers.stream().filter(s -> s.life().state().returns()).count());
    changed.signalAll();
  }

  /** Whether any server was asked to serve this version. */
  public boolean requested(long version) {
    return requestedVersions.contains(version);
  }

  /** The state of every server, in the order of the constructor's addresses. */
  public List<ReplicaStatus> replicas() {
    lock.lock();
    try {
      return servers.stream().map(Replica::status).toList();
    } finally {
      lock.unlock();
    }
  }

  /** The number of rollouts running on all servers now. */
  public int rollouts() {
    lock.lock();
    try {
      return servers.stream().mapToInt(Replica::rollouts).sum();
    } finally {
      lock.unlock();
    }
  }

  /** Publishes the state of every server, which is read at each scrape. */
  public void watch(FleetMetrics metrics) {
    for (Replica server : servers) {
      metrics.replica(
          ServerAddress.replica(server.address().admin()),
          () -> read(server, Replica::routable),
          () -> read(server, Replica::rollouts));
    }
  }

  private <T> T read(Replica server, Function<Replica, T> state) {
    lock.lock();
    try {
      return state.apply(server);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until every server is healthy, then returns those that serve another version to the base
   * model, policy version 0, and begins the journal with it. Returns at once when {@code stopping}.
   *
   * @return the timings of the reloads, by server
   * @throws FleetException if a server is not healthy within {@code deadline} or cannot return to
   *     its base model
   */
  public Map<ServerAddress, AdminTimings> begin(Duration deadline, BooleanSupplier stopping)
      throws InterruptedException {
    Map<ServerAddress, AdminTimings> reloads = new LinkedHashMap<>();
    long end = clock.nanos() + deadline.toNanos();
    for (Replica server : servers) {
      try (Waits.Open _ =
          Waits.begin(
              "orchestrator", "the server to be healthy", "inference " + server, deadline)) {
        if (!awaitHealthy(server, end, deadline, stopping)) {
          return reloads;
        }
      }
      returnToBaseModel(server).ifPresent(timings -> reloads.put(server.address(), timings));
    }
    journal.begin(policyVersion());
    requestedVersions.add(policyVersion());
    lock.lock();
    try {
      publish(policyVersion());
    } finally {
      lock.unlock();
    }
    return reloads;
  }

  private static Optional<AdminTimings> returnToBaseModel(Replica server) {
    AdminClient client = server.admin().client();
    try {
      String version = client.weightInfo().weightVersion();
      if (version.equals("0") || version.equals("default")) {
        return Optional.empty();
      }
      LOG.info("server {} serves version {}: reloading its base model", server, version);
      return Optional.of(client.reloadWeights(TraceId.random()).timings());
    } catch (AdminException e) {
      throw new FleetException("cannot return server to its base model: " + OneLine.of(e), e);
    }
  }

  private boolean awaitHealthy(
      Replica server, long end, Duration deadline, BooleanSupplier stopping)
      throws InterruptedException {
    String found = "";
    while (!stopping.getAsBoolean()) {
      try {
        var health = server.admin().client().health();
        if (health.healthy()) {
          return true;
        }
        found = "HTTP " + health.status();
      } catch (AdminException e) {
        if (found.isEmpty()) {
          LOG.info("waiting for server {} to be healthy: {}", server, e.getMessage());
        }
        found = OneLine.of(e);
      }
      if (clock.nanos() >= end) {
        throw new FleetException(
            "server %s is not healthy within %d s of the start: %s"
                .formatted(server.address().admin(), deadline.toSeconds(), found));
      }
      Thread.sleep(PROBE_INTERVAL);
    }
    return false;
  }

  /**
   * Takes the least loaded server for a rollout, waiting while all back off; the caller releases
   * it. Empty if {@code scope} was cancelled.
   *
   * @param avoid a server to take only if every other backs off or is quarantined
   * @throws FleetException if no server is in rotation
   */
  public Optional<Replica> acquire(Optional<Replica> avoid, Calls scope)
      throws InterruptedException {
    lock.lock();
    try {
      Optional<Replica> server = tryAcquire(avoid, scope);
      if (server.isEmpty() && !scope.cancelled()) {
        try (Waits.Open _ =
            Waits.begin("orchestrator", "a server that may have a rollout", "inference")) {
          while (server.isEmpty() && !scope.cancelled()) {
            changed.awaitNanos(CANCELLATION_POLL_NANOS);
            server = tryAcquire(avoid, scope);
          }
        }
      }
      return server;
    } finally {
      lock.unlock();
    }
  }

  /** Starts a rollout on a server, if one may receive it now. */
  private Optional<Replica> tryAcquire(Optional<Replica> avoid, Calls scope) {
    if (scope.cancelled()) {
      return Optional.empty();
    }
    List<Replica> rotation = servers.stream().filter(Replica::routable).toList();
    if (rotation.isEmpty()) {
      throw new FleetException("no inference server is left in rotation");
    }
    long now = clock.nanos();
    Optional<Replica> best =
        rotation.stream()
            .filter(s -> !s.backsOff(now))
            .min(
                Comparator.comparing((Replica s) -> avoid.filter(s::equals).isPresent())
                    .thenComparingInt(Replica::rollouts));
    best.ifPresent(Replica::rolloutStarted);
    return best;
  }

  /** Releases a server after a rollout, however it ended. */
  public void release(Replica server) {
    lock.lock();
    try {
      server.rolloutEnded();
    } finally {
      lock.unlock();
    }
  }

  /** A rollout succeeded on the server. */
  public void succeeded(Replica server) {
    lock.lock();
    try {
      server.succeeded();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** A rollout failed because of the server or the network: the server backs off. */
  public void failed(Replica server) {
    lock.lock();
    try {
      server.failed(clock.nanos());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Updates every server in rotation to the checkpoint in {@code dir} as version {@code step}, and
   * waits for all of them. A server that does not acknowledge in time is quarantined. A server that
   * refuses is quarantined if another acknowledges; if none does, those that refuse stay in
   * rotation with the old weights.
   *
   * @return the outcome of each server that was in rotation
   * @throws FleetException if no server is left in rotation
   */
  public List<ServerUpdate> update(Path dir, long step) throws InterruptedException {
    List<Replica> rotation;
    lock.lock();
    try {
      rotation = servers.stream().filter(Replica::routable).toList();
    } finally {
      lock.unlock();
    }
    List<TraceId> traces = rotation.stream().map(server -> TraceId.random()).toList();
    for (int i = 0; i < rotation.size(); i++) {
      journal.sent(step, rotation.get(i).adminUrl(), traces.get(i));
    }
    requestedVersions.add(step);
    String directory = dir.toAbsolutePath().toString();
    List<ServerUpdate> updates =
        parallel.run(
            rotation.stream().map(Replica::admin).toList(),
            UpdateWeightsRequest.of(directory, OptionalLong.of(step), UpdateMode.KEEP),
            traces,
            updateDeadline);
    boolean acknowledged = updates.stream().anyMatch(u -> u instanceof ServerUpdate.Acknowledged);
    List<String> lost = new ArrayList<>();
    for (int i = 0; i < rotation.size(); i++) {
      Replica server = rotation.get(i);
      if (!(updates.get(i) instanceof ServerUpdate.Acknowledged)) {
        journal.failed(step, server.adminUrl(), traces.get(i));
      }
      switch (updates.get(i)) {
        case ServerUpdate.Acknowledged ok -> {}
        case ServerUpdate.Refused refused -> {
          if (acknowledged) {
            lost.add(quarantine(server, refused.why()));
          }
        }
        case ServerUpdate.Failed failed -> lost.add(quarantine(server, failed.why()));
      }
    }
    if (lost.size() == rotation.size()) {
      throw new FleetException(
          "update to version %d: no inference server is left in rotation: %s"
              .formatted(step, String.join("; ", lost)));
    }
    if (acknowledged) {
      journal.served(step);
      commit(rotation, step);
    }
    return updates;
  }

  /** The servers that are still in rotation serve {@code step}: one reference says so. */
  private void commit(List<Replica> updated, long step) {
    lock.lock();
    try {
      updated.stream()
          .filter(Replica::routable)
          .forEach(server -> server.life().serves(step, Optional.empty()));
      publish(step);
    } finally {
      lock.unlock();
    }
  }

  private String quarantine(Replica server, String why) {
    lock.lock();
    try {
      server.life().setAside(ReplicaState.QUARANTINED, why);
      publish(policyVersion());
    } finally {
      lock.unlock();
    }
    LOG.warn("server {} is quarantined: {}", server, why);
    server.calls().cancel();
    return why;
  }

  @Override
  public void close() {
    servers.forEach(server -> server.admin().close());
    parallel.close();
  }
}

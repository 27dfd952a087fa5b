package dev.freshet.fleet;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.Calls;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WeightInfo;
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
 * The inference servers of a run. Rollouts go to the server in rotation that has the fewest;
 * weights go to all of them in parallel, each over its own admin lane. The policy version advances
 * only when every server in rotation has acknowledged it; a server that cannot follow leaves the
 * rotation and never serves a rollout again. The update log has a version before any server may
 * serve it. Thread-safe.
 */
public final class Fleet implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);
  private static final long CANCELLATION_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final Duration PROBE_INTERVAL = Duration.ofMillis(250);

  private final List<Replica> servers;
  private final Duration updateDeadline;
  private final UpdateJournal journal;
  private final Set<Long> asked = ConcurrentHashMap.newKeySet();
  private final MonotonicClock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private final ParallelUpdate updaters = new ParallelUpdate();
  private volatile long policyVersion;

  public Fleet(
      List<ServerAddress> addresses,
      Optional<AdminToken> token,
      Duration updateDeadline,
      UpdateJournal journal,
      EventLog events) {
    AdminDeadlines deadlines = ReplicaAdmin.deadlines(updateDeadline);
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
    return policyVersion;
  }

  /** Whether a server may serve this version because it was asked to. */
  public boolean asked(long version) {
    return asked.contains(version);
  }

  /** How the servers are, in the order they were named. */
  public List<ReplicaStatus> replicas() {
    lock.lock();
    try {
      return servers.stream().map(Replica::replica).toList();
    } finally {
      lock.unlock();
    }
  }

  /** Rollouts that servers have now. */
  public int rollouts() {
    lock.lock();
    try {
      return servers.stream().mapToInt(Replica::rollouts).sum();
    } finally {
      lock.unlock();
    }
  }

  /** Has the state of every server read into the metrics whenever they are asked for. */
  public void watch(FleetMetrics metrics) {
    for (Replica server : servers) {
      metrics.replica(
          ServerAddress.replica(server.address().admin()),
          () -> read(server, Replica::inRotation),
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
   * Waits until every server is healthy, then has those that do not serve the base model go back to
   * it: policy version 0, with which the run's update log begins. Returns at once when {@code
   * stopping}.
   *
   * @return the timings of going back, by server
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
      WeightInfo info = server.admin().client().weightInfo();
      if (!info.weightVersion().equals("0") && !info.weightVersion().equals("default")) {
        LOG.info(
            "server {} serves version {}: back to its base model", server, info.weightVersion());
        reloads.put(
            server.address(), server.admin().client().reloadWeights(TraceId.random()).timings());
      }
    }
    journal.begin(policyVersion);
    asked.add(policyVersion);
    return reloads;
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
        found = FleetException.reason(e);
      }
      if (clock.nanos() >= end) {
        throw new FleetException(
            "server %s: not healthy within %d s of the start: %s"
                .formatted(server.address().admin(), deadline.toSeconds(), found));
      }
      Thread.sleep(PROBE_INTERVAL);
    }
    return false;
  }

  /**
   * Takes the least loaded server for a rollout, waiting while all are paused after failures; the
   * caller releases it. Empty if {@code scope} was cancelled.
   *
   * @param avoid a server to take only if there is no other
   * @throws FleetException if no server is in rotation
   */
  public Optional<Replica> acquire(Optional<Replica> avoid, Calls scope)
      throws InterruptedException {
    lock.lock();
    try {
      Optional<Replica> server = start(avoid, scope);
      if (server.isEmpty() && !scope.cancelled()) {
        try (Waits.Open _ =
            Waits.begin("orchestrator", "a server that may have a rollout", "inference")) {
          while (server.isEmpty() && !scope.cancelled()) {
            changed.awaitNanos(CANCELLATION_POLL_NANOS);
            server = start(avoid, scope);
          }
        }
      }
      return server;
    } finally {
      lock.unlock();
    }
  }

  /** A server that may have a rollout, which it then has; empty if there is none now. */
  private Optional<Replica> start(Optional<Replica> avoid, Calls scope) {
    if (scope.cancelled()) {
      return Optional.empty();
    }
    List<Replica> rotation = servers.stream().filter(Replica::inRotation).toList();
    if (rotation.isEmpty()) {
      throw new FleetException("no inference server is left in rotation");
    }
    long now = clock.nanos();
    Optional<Replica> best =
        rotation.stream()
            .filter(s -> s.pauseLeft(now) <= 0)
            .min(
                Comparator.comparing((Replica s) -> avoid.filter(s::equals).isPresent())
                    .thenComparingInt(Replica::rollouts));
    best.ifPresent(Replica::rolloutStarted);
    return best;
  }

  /** Gives a server back after a rollout. */
  public void release(Replica server) {
    lock.lock();
    try {
      server.rolloutEnded();
    } finally {
      lock.unlock();
    }
  }

  /** A rollout went well on the server. */
  public void succeeded(Replica server) {
    lock.lock();
    try {
      server.succeeded();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** A rollout failed through the server or the way to it. */
  public void failed(Replica server) {
    lock.lock();
    try {
      server.failed(clock.nanos());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Has every server in rotation serve the checkpoint in {@code dir} as version {@code step}, and
   * waits for all of them. If none takes it because it is refused, all go on with the old weights;
   * if some take it, the others leave the rotation.
   *
   * @throws FleetException if no server is left in rotation
   */
  public List<ServerUpdate> update(Path dir, long step) throws InterruptedException {
    List<Replica> rotation;
    lock.lock();
    try {
      rotation = servers.stream().filter(Replica::inRotation).toList();
    } finally {
      lock.unlock();
    }
    List<TraceId> traces = rotation.stream().map(server -> TraceId.random()).toList();
    for (int i = 0; i < rotation.size(); i++) {
      journal.sent(step, rotation.get(i).adminUrl(), traces.get(i));
    }
    asked.add(step);
    String directory = dir.toAbsolutePath().toString();
    List<ServerUpdate> updates =
        updaters.run(
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
        case ServerUpdate.Acknowledged ok -> acknowledged(server, step);
        case ServerUpdate.Refused refused -> {
          if (acknowledged) {
            lost.add(dismiss(server, refused.why()));
          }
        }
        case ServerUpdate.Failed failed -> lost.add(dismiss(server, failed.why()));
      }
    }
    if (lost.size() == rotation.size()) {
      throw new FleetException(
          "update to version %d: no inference server is left in rotation: %s"
              .formatted(step, String.join("; ", lost)));
    }
    if (acknowledged) {
      journal.served(step);
      policyVersion = step;
    }
    return updates;
  }

  private void acknowledged(Replica server, long step) {
    lock.lock();
    try {
      server.acknowledged(step);
    } finally {
      lock.unlock();
    }
  }

  private String dismiss(Replica server, String why) {
    lock.lock();
    try {
      server.leaveRotation(why);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    LOG.warn("server {} leaves the rotation: {}", server, why);
    server.calls().cancel();
    return why;
  }

  @Override
  public void close() {
    servers.forEach(server -> server.admin().close());
    updaters.close();
  }
}

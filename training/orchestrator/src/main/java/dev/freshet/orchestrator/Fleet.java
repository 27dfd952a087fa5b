package dev.freshet.orchestrator;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminToken;
import dev.freshet.client.RetriedUpdate;
import dev.freshet.client.WeightInfo;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.rollouts.UpdateLog;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.metrics.FleetMetrics;
import dev.freshet.trace.waits.Waits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
final class Fleet implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);
  private static final long CANCELLATION_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int WARM_UP_CALLS = 2000;
  private static final Duration WARM_UP_MOST = Duration.ofSeconds(3);
  private static final long END_MILLIS = 5000;
  private static final Duration PROBE_INTERVAL = Duration.ofMillis(250);

  private final List<InferenceServer> servers;
  private final Duration updateDeadline;
  private final UpdateLog log;
  private final Set<Long> asked = ConcurrentHashMap.newKeySet();
  private final MonotonicClock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** A platform thread a server: a virtual one would share its carrier with rollouts. */
  private final ExecutorService updaters =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().name("freshet-update-", 0).daemon().factory());

  private volatile long policyVersion;

  Fleet(
      List<ServerAddress> addresses,
      Optional<AdminToken> token,
      Duration updateDeadline,
      UpdateLog log,
      EventLog events) {
    AdminDeadlines deadlines = RetriedUpdate.deadlines(updateDeadline);
    this.servers =
        addresses.stream().map(a -> new InferenceServer(a, deadlines, token, events)).toList();
    this.updateDeadline = updateDeadline;
    this.log = log;
    this.clock = events.clock();
  }

  /** The version that every server in rotation has acknowledged. */
  long policyVersion() {
    return policyVersion;
  }

  /** Whether a server may serve this version because it was asked to. */
  boolean asked(long version) {
    return asked.contains(version);
  }

  /** How the servers are, in the order they were named. */
  List<Replica> replicas() {
    lock.lock();
    try {
      return servers.stream().map(InferenceServer::replica).toList();
    } finally {
      lock.unlock();
    }
  }

  /** Rollouts that servers have now. */
  int rollouts() {
    lock.lock();
    try {
      return servers.stream().mapToInt(InferenceServer::rollouts).sum();
    } finally {
      lock.unlock();
    }
  }

  /** Has the state of every server read into the metrics whenever they are asked for. */
  void watch(FleetMetrics metrics) {
    for (InferenceServer server : servers) {
      metrics.replica(
          server.address().replica(),
          () -> read(server, InferenceServer::inRotation),
          () -> read(server, InferenceServer::rollouts));
    }
  }

  private <T> T read(InferenceServer server, Function<InferenceServer, T> state) {
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
  Map<ServerAddress, AdminTimings> begin(Duration deadline, BooleanSupplier stopping)
      throws InterruptedException {
    Map<ServerAddress, AdminTimings> reloads = new LinkedHashMap<>();
    long end = clock.nanos() + deadline.toNanos();
    for (InferenceServer server : servers) {
      try (Waits.Open _ =
          Waits.begin(
              "orchestrator", "the server to be healthy", "inference " + server, deadline)) {
        if (!awaitHealthy(server, end, deadline, stopping)) {
          return reloads;
        }
      }
      WeightInfo info = server.admin().weightInfo();
      if (!info.weightVersion().equals("0") && !info.weightVersion().equals("default")) {
        LOG.info(
            "server {} serves version {}: back to its base model", server, info.weightVersion());
        reloads.put(server.address(), server.admin().reloadWeights(TraceId.random()).timings());
      }
      server.admin().warmUp(WARM_UP_CALLS, WARM_UP_MOST);
    }
    log.begin(policyVersion);
    asked.add(policyVersion);
    return reloads;
  }

  private boolean awaitHealthy(
      InferenceServer server, long end, Duration deadline, BooleanSupplier stopping)
      throws InterruptedException {
    String found = "";
    while (!stopping.getAsBoolean()) {
      try {
        var health = server.admin().health();
        if (health.healthy()) {
          return true;
        }
        found = "HTTP " + health.status();
      } catch (AdminException e) {
        if (found.isEmpty()) {
          LOG.info("waiting for server {} to be healthy: {}", server, e.getMessage());
        }
        found = OrchestratorException.reason(e);
      }
      if (clock.nanos() >= end) {
        throw new OrchestratorException(
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
   * @throws OrchestratorException if no server is in rotation
   */
  Optional<InferenceServer> acquire(Optional<InferenceServer> avoid, Calls scope)
      throws InterruptedException {
    lock.lock();
    try {
      Optional<InferenceServer> server = start(avoid, scope);
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
  private Optional<InferenceServer> start(Optional<InferenceServer> avoid, Calls scope) {
    if (scope.cancelled()) {
      return Optional.empty();
    }
    List<InferenceServer> rotation = servers.stream().filter(InferenceServer::inRotation).toList();
    if (rotation.isEmpty()) {
      throw new OrchestratorException("no inference server is left in rotation");
    }
    long now = clock.nanos();
    Optional<InferenceServer> best =
        rotation.stream()
            .filter(s -> s.pauseLeft(now) <= 0)
            .min(
                Comparator.comparing((InferenceServer s) -> avoid.filter(s::equals).isPresent())
                    .thenComparingInt(InferenceServer::rollouts));
    best.ifPresent(InferenceServer::rolloutStarted);
    return best;
  }

  /** Gives a server back after a rollout. */
  void release(InferenceServer server) {
    lock.lock();
    try {
      server.rolloutEnded();
    } finally {
      lock.unlock();
    }
  }

  /** A rollout went well on the server. */
  void succeeded(InferenceServer server) {
    lock.lock();
    try {
      server.succeeded();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** A rollout failed through the server or the way to it. */
  void failed(InferenceServer server) {
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
   * @throws OrchestratorException if no server is left in rotation
   */
  List<ServerUpdate> update(Path dir, long step) throws InterruptedException {
    List<InferenceServer> rotation;
    lock.lock();
    try {
      rotation = servers.stream().filter(InferenceServer::inRotation).toList();
    } finally {
      lock.unlock();
    }
    List<TraceId> traces = rotation.stream().map(server -> TraceId.random()).toList();
    for (int i = 0; i < rotation.size(); i++) {
      log.append(UpdateEvent.sent(step, rotation.get(i).adminUrl(), traces.get(i)));
    }
    asked.add(step);
    List<ServerUpdate> updates = updateAll(rotation, traces, dir, step);
    boolean acknowledged = updates.stream().anyMatch(u -> u instanceof ServerUpdate.Acknowledged);
    List<String> lost = new ArrayList<>();
    for (int i = 0; i < rotation.size(); i++) {
      InferenceServer server = rotation.get(i);
      if (!(updates.get(i) instanceof ServerUpdate.Acknowledged)) {
        log.append(UpdateEvent.failed(step, server.adminUrl(), traces.get(i)));
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
      throw new OrchestratorException(
          "update to version %d: no inference server is left in rotation: %s"
              .formatted(step, String.join("; ", lost)));
    }
    if (acknowledged) {
      log.append(UpdateEvent.served(step));
      policyVersion = step;
    }
    return updates;
  }

  private List<ServerUpdate> updateAll(
      List<InferenceServer> rotation, List<TraceId> traces, Path dir, long step)
      throws InterruptedException {
    List<Future<ServerUpdate>> running = new ArrayList<>();
    for (int i = 0; i < rotation.size(); i++) {
      InferenceServer server = rotation.get(i);
      TraceId trace = traces.get(i);
      running.add(
          updaters.submit(() -> ServerUpdate.run(server, dir, step, trace, updateDeadline, clock)));
    }
    List<ServerUpdate> updates = new ArrayList<>();
    try {
      for (Future<ServerUpdate> update : running) {
        updates.add(update.get());
      }
    } catch (ExecutionException e) {
      throw new OrchestratorException(
          "update to version %d: %s".formatted(step, OrchestratorException.reason(e)), e);
    } finally {
      running.forEach(update -> update.cancel(true));
    }
    return updates;
  }

  private void acknowledged(InferenceServer server, long step) {
    lock.lock();
    try {
      server.acknowledged(step);
    } finally {
      lock.unlock();
    }
  }

  private String dismiss(InferenceServer server, String why) {
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
    updaters.shutdownNow();
    try {
      if (!updaters.awaitTermination(END_MILLIS, TimeUnit.MILLISECONDS)) {
        LOG.warn("a weight update did not end within {} ms", END_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package dev.freshet.fleet;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.Calls;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.FleetLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.UpdateMode;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Many inference servers, of one program or several, as one: their states, their update as one
 * transaction, and the return of those that were left out.
 *
 * <p>Invariants: one update runs at a time; the policy version advances only when an update is
 * committed; a server receives requests only while it serves the policy version, as far as the
 * fleet knows; a server that does not is caught up beside the traffic of the others. The journals
 * record a version before any server can serve it. Thread-safe.
 */
public final class Fleet implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);
  private static final Duration STOP = Duration.ofSeconds(5);

  private final Replicas replicas;
  private final ServerChoice choice;
  private final FleetOptions options;
  private final Parallel parallel = new Parallel();
  private final Optional<LoadedWeights> loaded;
  private final CatchUp catchUp;
  private final FleetStart start;
  private final List<Keeper> keepers;
  private final UpdateJournal run;
  private final Optional<TransactionJournal> transactions;
  private final UnendedTransaction unended;
  private final MonotonicClock clock;
  private final FleetLog log;
  private final Set<Long> requestedVersions = ConcurrentHashMap.newKeySet();
  private final ReentrantLock updating = new ReentrantLock(true);

  /** Whether the last update was interrupted: its servers are left as they are until the next. */
  private volatile boolean abandoned;

  private volatile Target current = Target.base(UpdateMode.KEEP);

  /**
   * @param run the record of the run that the fleet serves
   */
  public Fleet(
      List<ReplicaSpec> specs,
      Optional<AdminToken> token,
      FleetOptions options,
      UpdateJournal run,
      EventLog events) {
    AdminDeadlines deadlines = options.deadlines().ofCalls();
    this.clock = events.clock();
    this.log = events.fleet();
    this.options = options;
    this.run = run;
    this.transactions = options.journal().map(TransactionJournal::new);
    this.unended = new UnendedTransaction(transactions, parallel);
    this.replicas =
        new Replicas(
            specs.stream().map(spec -> new Replica(spec, deadlines, token, events)).toList(),
            log,
            this::changed);
    this.choice = new ServerChoice(replicas, options.recovery(), clock);
    this.loaded =
        options.compare()
            ? Optional.of(new LoadedWeights(replicas, parallel, options.deadlines().apply()))
            : Optional.empty();
    this.catchUp = new CatchUp(replicas, options.deadlines(), loaded);
    this.start = new FleetStart(replicas, parallel, catchUp, transactions, clock, log);
    this.keepers =
        replicas.all().stream()
            .map(
                replica ->
                    new Keeper(
                            replica,
                            replicas,
                            catchUp,
                            () -> Optional.of(current),
                            () -> updating.isLocked() || abandoned,
                            options.interval())
                        .scraping())
            .toList();
  }

  /** The version that the last committed update made. */
  public long policyVersion() {
    return table().policyVersion();
  }

  /** Which servers may receive a new request now. */
  public RoutingTable table() {
    return replicas.table();
  }

  /** Whether any server was asked to serve this version. */
  public boolean requested(long version) {
    return requestedVersions.contains(version);
  }

  /** The state of every server, in the order of the constructor's list. */
  public List<ReplicaStatus> replicas() {
    return replicas.read(all -> all.stream().map(Replica::status).toList());
  }

  /** The number of rollouts running on all servers now. */
  public int rollouts() {
    return replicas.read(all -> all.stream().mapToInt(Replica::rollouts).sum());
  }

  /** What accounts for the time of each server, by the root of its admin listener. */
  public Map<URI, RoleClock> times() {
    Map<URI, RoleClock> times = new LinkedHashMap<>();
    replicas.all().forEach(replica -> times.put(replica.address().admin(), replica.time()));
    return times;
  }

  /** Publishes the state of every server, which is read at each scrape. */
  public void watch(FleetMetrics metrics) {
    for (Replica replica : replicas.all()) {
      String label = ServerAddress.replica(replica.address().admin());
      metrics
          .states()
          .replica(label, () -> replicas.read(_ -> replica.status()), this::policyVersion);
      if (replica.reportsLoad()) {
        metrics.states().engine(label, replica::engineLoad);
      }
    }
    metrics.states().held(choice::held);
    metrics
        .states()
        .fleet(
            options.quorum(), () -> transactions.filter(TransactionJournal::unended).isPresent());
  }

  /**
   * Waits until every server is healthy, all at once, and brings each to the model it was started
   * with, policy version 0; or, if the transaction journal has an interrupted update, finishes or
   * undoes that. Then begins the run's record and looks after the servers. Returns at once when
   * {@code stopping}.
   *
   * @return what was done on each server that had to load
   * @throws FleetException if a server is not healthy within {@code deadline}, or does not serve
   *     the version after all
   */
  public List<ReplicaResult> begin(Duration deadline, BooleanSupplier stopping)
      throws InterruptedException {
    return begin(current, deadline, stopping);
  }

  /**
   * As {@link #begin(Duration, BooleanSupplier)}, but brings the servers to {@code first}, which a
   * run served when its earlier process ended.
   */
  public List<ReplicaResult> begin(Target first, Duration deadline, BooleanSupplier stopping)
      throws InterruptedException {
    start.awaitHealthy(deadline, stopping);
    if (stopping.getAsBoolean()) {
      return List.of();
    }
    log.begun(policyVersion(), replicas.all().size());
    FleetStart.Started started = start.bringUp(first);
    current = started.weights();
    run.begin(policyVersion());
    requestedVersions.add(policyVersion());
    keepers.forEach(Keeper::start);
    replicas.all().forEach(Fleet::logLimits);
    return started.loaded();
  }

  private static void logLimits(Replica replica) {
    List<String> limits = replica.limits();
    if (!limits.isEmpty()) {
      LOG.info(
          "server {} runs {}: {}",
          replica.url(),
          replica.dialect().name(),
          String.join("; ", limits));
    }
  }

  /**
   * Waits until every server is healthy, and takes each as it is, for one update by hand; or, if
   * the transaction journal has an interrupted update, finishes or undoes that.
   *
   * @throws FleetException if a server is not healthy within {@code deadline} or cannot be asked
   */
  void adopt(Duration deadline) throws InterruptedException {
    start.awaitHealthy(deadline, () -> false);
    start.adopt().ifPresent(weights -> current = weights);
  }

  /** Tries once to catch up the servers that an update by hand has left out. */
  void settle() throws InterruptedException {
    parallel.forEach(
        replicas.in(ReplicaState.QUARANTINED), replica -> catchUp.run(replica, current));
  }

  /**
   * Takes the least loaded server for a rollout, waiting while all back off or change; the caller
   * releases it. Empty if {@code scope} was cancelled.
   *
   * @param avoid a server to take only if no other may have a rollout
   * @throws FleetException if no server has served for as long as the options allow
   */
  public Optional<Replica> acquire(Optional<Replica> avoid, Calls scope)
      throws InterruptedException {
    return choice.acquire(avoid, scope);
  }

  /** Releases a server after a rollout, however it ended. */
  public void release(Replica server) {
    choice.release(server);
  }

  /** A rollout succeeded on the server. */
  public void succeeded(Replica server) {
    choice.succeeded(server);
  }

  /** A rollout failed because of the server or the network: the server backs off. */
  public void failed(Replica server) {
    choice.failed(server);
  }

  /**
   * Makes all serving servers serve {@code target}, as one transaction; waits for an update that is
   * running.
   *
   * @throws FleetException if no server serves, or another update runs for longer than the deadline
   *     to apply one
   */
  public UpdateResult update(Target target) throws InterruptedException {
    return update(target, Optional.of(current));
  }

  /** As {@link #update}, of servers whose earlier weights are not known. */
  UpdateResult updateUnknown(Target target) throws InterruptedException {
    return update(target, Optional.empty());
  }

  private UpdateResult update(Target target, Optional<Target> previous)
      throws InterruptedException {
    Duration wait = options.deadlines().apply();
    if (!updating.tryLock(wait.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new FleetException(
          "update to version %d: another update still ran after %d s"
              .formatted(target.version(), wait.toSeconds()));
    }
    try {
      requestedVersions.add(target.version());
      abandoned = true;
      unended.is(Optional.empty());
      UpdateResult result = transaction(target, previous);
      unended.after(target, replicas);
      if (result.committed()) {
        current = target;
        result = compared(result);
      }
      abandoned = false;
      FleetLines.log(result, log);
      return result;
    } finally {
      updating.unlock();
    }
  }

  /** Called with the lock held. */
  private void changed() {
    unended.changed(replicas);
  }

  private UpdateResult compared(UpdateResult result) throws InterruptedException {
    if (loaded.isEmpty()) {
      return result;
    }
    Map<URI, String> notes = new HashMap<>();
    loaded
        .get()
        .compare(result.version())
        .forEach((replica, note) -> notes.put(replica.client().server(), note));
    return result.noted(notes);
  }

  private UpdateResult transaction(Target target, Optional<Target> previous)
      throws InterruptedException {
    FleetUpdate.Setting setting =
        new FleetUpdate.Setting(
            replicas, parallel, options.deadlines(), options.quorum(), run, transactions, clock);
    FleetUpdate update = new FleetUpdate(setting, target, previous);
    return update.run(t -> new CheckpointGate(replicas.all()).inspect(t));
  }

  @Override
  public void close() {
    List<Keeper> running = new ArrayList<>(keepers);
    replicas.all().forEach(Replica::close);
    parallel.close();
    for (Keeper keeper : running) {
      try {
        keeper.stop(STOP);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A fleet whose replicas join, leave, end and return while it serves: that of a front, for whose
 * clients {@link FleetOrders} updates it.
 *
 * <p>Until the first update, and without a journal, it has no weights of its own: each replica gets
 * requests with whatever it serves. From then on a replica that joins or returns is brought to the
 * current weights beside the traffic of the others, and gets requests only on those. An update that
 * a crash interrupted is finished or undone from the journal by asking every replica. Thread-safe.
 */
public final class ElasticFleet implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ElasticFleet.class);
  private static final Duration STOP = Duration.ofSeconds(5);

  private final Runnable listener;
  private final Replicas replicas;
  private final DataAnswers answers;
  private final Optional<AdminToken> token;
  private final FleetOptions options;
  private final EventLog events;
  private final FleetMetrics metrics;
  private final Optional<TransactionJournal> journal;
  private final Parallel parallel = new Parallel();
  private final CatchUp catchUp;
  private final OneAtATime orders = new OneAtATime(parallel);
  private final Map<Replica, Keeper> keepers = new ConcurrentHashMap<>();
  private final FleetWeights weights = new FleetWeights();

  private final UnendedTransaction unended;

  private volatile Optional<UpdateResult> lastUpdate = Optional.empty();

  /** Whether a client has paused the fleet. */
  private final PauseWait resume = new PauseWait("router", "POST /resume to the front");

  private volatile boolean paused;

  /** Whether no replica is caught up: the fleet recovers, or an update was interrupted. */
  private volatile boolean handsOff = true;

  private boolean started;

  /**
   * @param token authenticates the fleet to its replicas
   * @param changed called after each change of the routing table; must not block
   */
  public ElasticFleet(
      Optional<AdminToken> token,
      FleetOptions options,
      EventLog events,
      FleetMetrics metrics,
      Runnable changed) {
    this.token = token;
    this.options = options;
    this.events = events;
    this.metrics = metrics;
    this.journal = options.journal().map(TransactionJournal::new);
    this.listener = changed;
    this.unended = new UnendedTransaction(journal, parallel);
    this.replicas = new Replicas(List.of(), events.fleet(), this::changed);
    this.answers = new DataAnswers(parallel, options.deadlines().ask(), events);
    this.catchUp = new CatchUp(replicas, options.deadlines(), Optional.empty());
    metrics
        .states()
        .fleet(options.quorum(), () -> journal.filter(TransactionJournal::unended).isPresent());
  }

  /** Which replicas may receive a new request now. */
  public RoutingTable table() {
    return replicas.table();
  }

  /** The state of every replica, in the order in which they joined. */
  public List<ReplicaStatus> replicas() {
    return replicas.read(all -> all.stream().map(Replica::status).toList());
  }

  /** The state of the replica with these listeners, if it is a member. */
  public Optional<ReplicaStatus> status(ServerAddress address) {
    return replicas.read(
        all ->
            all.stream().filter(r -> r.address().equals(address)).map(Replica::status).findFirst());
  }

  /**
   * The name that a client has given the weights of the last update, or the policy version in
   * words; of a fleet without weights of its own the oldest that is served, {@code default} if none
   * is known.
   */
  public String weightVersion() {
    return weights.inWords(table());
  }

  /** Whether a client has paused the fleet. */
  public boolean isPaused() {
    return paused;
  }

  /**
   * Whether the replica is being updated or is paused by this fleet, so that what it answers
   * meanwhile says nothing of its health.
   */
  public boolean isChanging(ServerAddress address) {
    return paused || status(address).filter(status -> status.state().returns()).isPresent();
  }

  /** How the last update ended that a client has ordered. */
  public Optional<UpdateResult> lastUpdate() {
    return lastUpdate;
  }

  /**
   * What the data listeners of the replicas that serve answer to a route that only reports, by
   * replica in the order in which they joined; without those that answer an error or not in time.
   *
   * @param token authenticates the client that asks
   */
  public CompletableFuture<Map<ServerAddress, byte[]>> ask(
      String route, Optional<AdminToken> token) {
    List<ServerAddress> serving =
        replicas.in(ReplicaState.SERVING).stream().map(Replica::address).toList();
    return answers.ask(serving, route, token);
  }

  /** The admin routes of a replica's program. */
  public static List<String> routes(ReplicaSpec spec) {
    return spec.dialect().controls().routes();
  }

  /** A replica joins. It gets requests once it serves the current weights. */
  public void join(ReplicaSpec spec) {
    Replica replica = new Replica(spec, options.deadlines().ofCalls(), token, events);
    String label = ServerAddress.replica(spec.address().admin());
    metrics
        .states()
        .replica(label, () -> replicas.read(_ -> replica.status()), () -> table().policyVersion());
    replicas.add(replica);
    synchronized (this) {
      if (started) {
        look(replica);
      }
    }
  }

  /** A replica leaves. It gets no further request; an update that runs still ends on it. */
  public void leave(ServerAddress address) {
    for (Replica replica : replicas.all()) {
      if (replica.address().equals(address)) {
        if (paused) {
          LOG.warn("server {} leaves in a pause of the fleet: resume it", replica.url());
        }
        replicas.remove(replica);
        orders.afterwards(() -> parallel.begin(() -> close(replica)));
      }
    }
  }

  private void close(Replica replica) {
    replica.close();
    Keeper keeper = keepers.remove(replica);
    try {
      if (keeper != null) {
        keeper.stop(STOP);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * A replica accepts connections again after it did not: it may have been restarted with other
   * weights, so it gets no request before it was asked what it serves.
   */
  public void returned(ServerAddress address) {
    for (Replica replica : replicas.all()) {
      if (replica.address().equals(address)) {
        Asked asked = replicas.asked(replica);
        if (asked.state() == ReplicaState.SERVING) {
          var _ =
              replicas.report(
                  replica,
                  asked,
                  ReplicaState.GONE,
                  "its connections had ended; the fleet asks what it serves");
        }
      }
    }
  }

  /**
   * Recovers from the journal beside the caller, then looks after the replicas. Until then none
   * gets requests.
   */
  public void start() {
    var _ =
        parallel.begin(
            () -> {
              try {
                recover();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // Closed.
              }
            });
  }

  private void recover() throws InterruptedException {
    if (journal.isPresent()) {
      try {
        JournalRecall recalled = JournalRecall.of(journal.get(), replicas, parallel);
        weights.current(recalled.current());
        unended.is(recalled.unfinished());
        weights.current().ifPresent(target -> replicas.commit(List.of(), target.version()));
      } catch (FleetException e) {
        LOG.error(
            "the fleet has no weights of its own, each replica serves what it has: {}",
            OneLine.of(e));
      }
    }
    events.fleet().begun(table().policyVersion(), replicas.all().size());
    handsOff = false;
    synchronized (this) {
      started = true;
      replicas.all().forEach(this::look);
    }
  }

  /** Called with the lock held. */
  private void changed() {
    unended.changed(replicas);
    listener.run();
  }

  private void look(Replica replica) {
    Keeper keeper =
        new Keeper(
            replica,
            replicas,
            catchUp,
            weights::current,
            () -> orders.busy() || paused || handsOff,
            options.interval());
    if (keepers.putIfAbsent(replica, keeper) == null) {
      keeper.startWithLook();
    }
  }

  /** The replicas that a client's resume is for: not those whose weights may be missing. */
  List<Replica> resumable() {
    boolean adopts = weights.current().isEmpty();
    return replicas.read(
        all ->
            all.stream()
                .filter(
                    r ->
                        r.life().state() == ReplicaState.SERVING
                            || (adopts
                                && r.life().state() == ReplicaState.QUARANTINED
                                && !r.life().suspect()))
                .toList());
  }

  /** Names the weights of the last update, until the next one. */
  void name(String name) {
    weights.name(name);
  }

  /** The weights that the fleet serves; empty while each replica keeps its own. */
  Optional<Target> current() {
    return weights.current();
  }

  void current(Optional<Target> target) {
    weights.current(target);
  }

  /** The update to {@code target} with that trace id has ended. */
  void updated(Target target, TraceId trace, UpdateResult result) {
    unended.after(target, replicas);
    lastUpdate = Optional.of(result);
    if (result.committed()) {
      orders.remember(trace, result);
    }
    FleetLines.log(result, events.fleet());
    metrics.updated(result);
  }

  /** An update was interrupted: its replicas are left as they are. */
  void abandoned() {
    handsOff = true;
  }

  void paused(boolean now) {
    paused = now;
    resume.paused(now);
  }

  Replicas members() {
    return replicas;
  }

  Parallel parallel() {
    return parallel;
  }

  CatchUp catchUp() {
    return catchUp;
  }

  /**
   * Carries out orders one at a time.
   *
   * @throws OrderException while the fleet recovers
   */
  OneAtATime orders() {
    if (handsOff) {
      throw new OrderException(
          OrderException.Kind.NO_REPLICA,
          "the fleet finishes or undoes what its journal says was interrupted; post again later");
    }
    return orders;
  }

  /** A transaction begins, after which an earlier one needs no end. */
  void supersedes() {
    unended.is(Optional.empty());
  }

  /** What every update of this fleet works with. */
  FleetUpdate.Setting setting() {
    return new FleetUpdate.Setting(
        replicas,
        parallel,
        options.deadlines(),
        options.quorum(),
        UpdateJournal.NONE,
        journal,
        events.clock());
  }

  @Override
  public void close() {
    handsOff = true;
    if (paused) {
      LOG.warn(
          "a client has paused the fleet: start the front again and post /resume to it, or resume"
              + " every server");
    }
    resume.paused(false);
    replicas.all().forEach(Replica::close);
    parallel.close();
    List.copyOf(keepers.keySet()).forEach(this::close);
  }
}

package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Serving;
import dev.freshet.trace.FleetLog;
import dev.freshet.trace.time.RoleState;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replicas of a fleet and their states, under one lock. Every change of a state is made here,
 * logged here, and followed by a new {@link RoutingTable}, which readers get without the lock, and
 * by a call of the listener, with the lock held.
 */
final class Replicas {
  private static final Logger LOG = LoggerFactory.getLogger(Replicas.class);

  private final FleetLog log;
  private final Map<Replica, Logged> logged = new HashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Runnable listener;
  private volatile List<Replica> all;
  private volatile RoutingTable table = RoutingTable.EMPTY;

  private long commits;

  /** Whether a pause of the whole fleet holds back every request. */
  private boolean withheld;

  /** What the newest line about a replica says. */
  private record Logged(ReplicaState state, long incarnation, boolean paused) {
    static Logged of(ReplicaLife life) {
      return new Logged(life.state(), life.incarnation(), life.paused());
    }
  }

  Replicas(List<Replica> all, FleetLog log) {
    this(all, log, () -> {});
  }

  /**
   * @param listener called after each change; must not block
   */
  Replicas(List<Replica> all, FleetLog log, Runnable listener) {
    this.all = List.copyOf(all);
    this.log = log;
    this.listener = listener;
    this.all.forEach(replica -> logged.put(replica, Logged.of(replica.life())));
  }

  List<Replica> all() {
    return all;
  }

  /** A replica joins, without requests until it serves. */
  void add(Replica replica) {
    published(() -> all = Stream.concat(all.stream(), Stream.of(replica)).toList());
  }

  /** A replica leaves: it gets no further request; a running update still ends on it. */
  void remove(Replica replica) {
    published(
        () -> {
          all = all.stream().filter(r -> r != replica).toList();
          logged.remove(replica);
          log.replicaLeft(replica.url());
        });
  }

  RoutingTable table() {
    return table;
  }

  /** Takes every replica out of the routing table, or puts back those that may have requests. */
  void withhold(boolean all) {
    published(() -> withheld = all);
  }

  /** Guards the state of every replica. */
  ReentrantLock lock() {
    return lock;
  }

  /** Signalled after every change, with the lock held. */
  Condition changed() {
    return changed;
  }

  <T> T read(Function<List<Replica>, T> state) {
    lock.lock();
    try {
      return state.apply(all);
    } finally {
      lock.unlock();
    }
  }

  List<Replica> in(ReplicaState state) {
    return read(list -> list.stream().filter(r -> r.life().state() == state).toList());
  }

  /** Whether every replica serves. */
  boolean allServe() {
    return read(list -> list.stream().allMatch(r -> r.life().state() == ReplicaState.SERVING));
  }

  /** An update takes those replicas that still serve, and begins to change them. */
  Set<Replica> hold(Collection<Replica> replicas) {
    lock.lock();
    try {
      Set<Replica> held = new HashSet<>(replicas);
      held.removeIf(r -> r.life().state() != ReplicaState.SERVING);
      change(held, ReplicaState.UPDATING);
      return held;
    } finally {
      lock.unlock();
    }
  }

  /** The update that holds the replicas changes or has paused them. */
  void change(Collection<Replica> replicas, ReplicaState to) {
    published(() -> replicas.forEach(r -> r.life().changes(to)));
  }

  /**
   * An update is committed: the policy version and the routes of all replicas that serve it change
   * as one reference. A replica that serves another version is set aside.
   */
  void commit(Collection<Replica> serving, long version) {
    published(
        version,
        () -> {
          commits++;
          serving.forEach(r -> r.serves(version));
          all.stream()
              .filter(r -> r.life().state() == ReplicaState.SERVING)
              .filter(r -> r.life().version() != version)
              .forEach(
                  r ->
                      aside(
                          r,
                          ReplicaState.QUARANTINED,
                          "it serves version %d; the fleet catches it up"
                              .formatted(r.life().version())));
        });
  }

  /** A replica of the update serves {@code version}, and receives requests. */
  void serves(Replica replica, long version) {
    published(() -> replica.serves(version));
  }

  /** A replica that an update held serves what it served before, unless it was set aside. */
  void servesAgain(Replica replica) {
    lock.lock();
    try {
      if (isHeld(replica)) {
        serves(replica, replica.life().version());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether an update changes the replica or has paused it. */
  boolean isHeld(Replica replica) {
    return read(_ -> replica.life().state().returns());
  }

  /**
   * A replica was caught up to {@code version}, and receives requests if that is still the policy
   * version: no update was committed since it was {@code asked}, not even to the same number.
   */
  boolean returns(Replica replica, Asked asked, long version) {
    lock.lock();
    try {
      if (table.policyVersion() != version || commits != asked.commits()) {
        return false;
      }
      serves(replica, version);
      LOG.info(
          "server {} serves version {} as incarnation {}",
          replica.url(),
          version,
          replica.life().incarnation());
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A serving replica was found to serve {@code version}, which nothing speaks against while the
   * fleet has no weights of its own.
   */
  void follow(Replica replica, Asked asked, long version) {
    lock.lock();
    try {
      if (asked.state() == ReplicaState.SERVING && isCurrent(replica, asked)) {
        serves(replica, version);
      }
    } finally {
      lock.unlock();
    }
  }

  /** A replica receives requests with the version that it serves, whichever that is. */
  void adopt(Replica replica, long version) {
    published(
        () -> {
          replica.life().catchesUp();
          replica.serves(version);
        });
  }

  /**
   * Begins the catch-up of a quarantined replica, as the answer to what it was {@code asked} calls
   * for; false if it is no longer quarantined or that answer is out of date.
   */
  boolean catchUp(Replica replica, Asked asked) {
    lock.lock();
    try {
      boolean may = replica.life().state() == ReplicaState.QUARANTINED && isCurrent(replica, asked);
      if (may) {
        published(() -> replica.life().catchesUp());
      }
      return may;
    } finally {
      lock.unlock();
    }
  }

  /** A replica is not to receive requests: its streams end, and {@code why} says who must act. */
  void setAside(Replica replica, ReplicaState to, String why) {
    published(() -> aside(replica, to, why));
    replica.streams().cancel();
  }

  /** A replica was left out of the update to {@code version}. */
  void failed(Replica replica, long version) {
    var _ =
        read(
            _ -> {
              replica.life().failed(version);
              return replica;
            });
  }

  /** Whether the generation of a replica that is about to be set aside may be paused. */
  void paused(Replica replica, boolean may) {
    var _ =
        read(
            _ -> {
              replica.life().paused(may);
              return replica;
            });
  }

  /** As {@link #setAside}; until it has loaded, it is not resumed. */
  void suspect(Replica replica, ReplicaState to, String why) {
    var _ =
        read(
            _ -> {
              replica.life().suspect(true);
              setAside(replica, to, why);
              return replica;
            });
  }

  /** What the fleet thinks of a replica that it is about to ask. */
  Asked asked(Replica replica) {
    return read(
        _ -> {
          ReplicaLife life = replica.life();
          return new Asked(life.state(), life.version(), life.revision(), commits);
        });
  }

  /** Whether the answer to what a replica was {@code asked} is not out of date. */
  boolean isCurrent(Replica replica, Asked asked) {
    return read(_ -> replica.life().revision() == asked.revision());
  }

  /** A pause that a client has ordered is about to be sent to the replicas. */
  void pausedByClient(Collection<Replica> replicas) {
    published(() -> replicas.forEach(r -> r.life().pausedByClient(true)));
  }

  /** A replica has confirmed the resume that ends a client's pause. */
  void resumedByClient(Replica replica) {
    published(() -> replica.life().pausedByClient(false));
  }

  /**
   * As {@link #setAside}, for what the answer to what it was {@code asked} shows.
   *
   * @return false if that answer is out of date, so that nothing was changed
   */
  boolean report(Replica replica, Asked asked, ReplicaState to, String why) {
    lock.lock();
    try {
      boolean current = isCurrent(replica, asked);
      if (current) {
        setAside(replica, to, why);
      }
      return current;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Another program changes the weights of a replica too, of which {@code serving} is evidence; the
   * line about it says what to do.
   */
  void contested(Replica replica, Serving serving) {
    published(
        () -> {
          String line =
              "contested: another program updates it too, which has loaded %s: stop that program, or take the server out of this fleet"
                  .formatted(serving.inWords());
          if (replica.life().contested().isEmpty()) {
            LOG.warn("server {} is {}", replica.url(), line);
          }
          replica.life().contested(Optional.of(line));
        });
  }

  /** No other program is known to change the weights of a replica any longer. */
  void uncontested(Replica replica) {
    published(() -> replica.life().contested(Optional.empty()));
  }

  private static void aside(Replica replica, ReplicaState to, String why) {
    if (replica.life().state() != to || !replica.life().why().filter(why::equals).isPresent()) {
      LOG.warn("server {} is {}: {}", replica.url(), to.wireName(), why);
    }
    replica.life().setAside(to, why);
  }

  private void published(Runnable change) {
    lock.lock();
    try {
      published(table.policyVersion(), change);
    } finally {
      lock.unlock();
    }
  }

  private void published(long version, Runnable change) {
    lock.lock();
    try {
      change.run();
      List<Replica> routed = withheld ? List.of() : all.stream().filter(Replica::routable).toList();
      table =
          new RoutingTable(
              version,
              routed.stream().map(Replica::route).toList(),
              (int)
                  all.stream()
                      .filter(r -> !routed.contains(r))
                      .filter(r -> r.routable() || r.life().state().returns())
                      .count());
      changed.signalAll();
      all.forEach(replica -> replica.time().set(RoleState.UPDATING, replica.life().paused()));
      all.forEach(this::logState);
      listener.run();
    } finally {
      lock.unlock();
    }
  }

  /** Logs a state that has changed; that weights are being changed ends in another state. */
  private void logState(Replica replica) {
    ReplicaLife life = replica.life();
    Logged now = Logged.of(life);
    if (now.state() != ReplicaState.UPDATING && !now.equals(logged.put(replica, now))) {
      log.replicaState(
          replica.url(), now.state().wireName(), life.version(), now.incarnation(), now.paused());
    }
  }
}

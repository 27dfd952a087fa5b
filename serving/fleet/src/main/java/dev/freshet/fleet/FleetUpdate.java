package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.OneLine;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * One update of all serving replicas: journal, prepare everywhere, hold, pause, apply and ask,
 * commit, resume. A phase runs on all replicas at once and ends before the next begins. Replicas
 * that load while they are paused are applied before those whose weights are ready, which can no
 * longer fail.
 *
 * <p>A replica whose phase fails is left out and set aside. If fewer than the quorum are left, the
 * update is rolled back: those that moved return to the version before. The policy version advances
 * at the commit only. When it ends, every paused replica was resumed or its state says who must
 * act.
 */
final class FleetUpdate {
  /** What an update works with, the same for every update of a fleet. */
  record Setting(
      Replicas replicas,
      Parallel parallel,
      PhaseDeadlines deadlines,
      int quorum,
      UpdateJournal run,
      Optional<TransactionJournal> transactions,
      MonotonicClock clock) {}

  /** Ends an update before its commit. */
  private static final class Stopped extends Exception {
    private static final long serialVersionUID = 1L;

    private final UpdateResult.Outcome outcome;

    Stopped(UpdateResult.Outcome outcome, String why) {
      super(why, null, false, false);
      this.outcome = outcome;
    }
  }

  private final Setting setting;
  private final Replicas replicas;
  private final Target target;
  private final Optional<Target> previous;
  private final List<ReplicaUpdate> all;
  private final List<ReplicaUpdate> active;
  private final Set<ReplicaUpdate> held = new HashSet<>();
  private final int needed;
  private final long beganNanos;

  /**
   * @param previous what the replicas serve now; empty if its directory is not known
   */
  FleetUpdate(Setting setting, Target target, Optional<Target> previous) {
    this.setting = setting;
    this.replicas = setting.replicas();
    this.target = target;
    this.previous = previous;
    this.beganNanos = setting.clock().nanos();
    this.all = replicas.in(ReplicaState.SERVING).stream().map(this::updateOf).toList();
    this.active = new ArrayList<>(all);
    this.needed = setting.quorum() == 0 ? all.size() : setting.quorum();
  }

  private ReplicaUpdate updateOf(Replica replica) {
    return new ReplicaUpdate(replica, target, setting.deadlines())
        .routed(replicas.read(_ -> replica.life().version()));
  }

  /** A client has paused the fleet: the update neither pauses nor resumes a replica. */
  FleetUpdate withinPause() {
    all.forEach(u -> u.staysPaused(replicas.read(_ -> u.replica().life().pausedByClient())));
    return this;
  }

  /**
   * @param inspect checks the checkpoint on this host before any replica changes
   * @throws InterruptedException if the caller is interrupted; what was left unfinished is in the
   *     transaction journal and in the states of the replicas
   */
  UpdateResult run(Consumer<Target> inspect) throws InterruptedException {
    journal();
    try {
      return transaction(inspect);
    } catch (InterruptedException | RuntimeException e) {
      abandon();
      throw e;
    }
  }

  private UpdateResult transaction(Consumer<Target> inspect) throws InterruptedException {
    try {
      inspect(inspect);
      prepare();
      pause();
      apply(active.stream().filter(ReplicaUpdate::pauses).toList());
      apply(active.stream().filter(u -> !u.pauses()).toList());
    } catch (Stopped e) {
      rollBack();
      return result(e.outcome, Optional.ofNullable(e.getMessage()));
    }
    commit();
    return result(UpdateResult.Outcome.COMMITTED, Optional.empty());
  }

  private void journal() {
    setting.transactions().ifPresent(j -> j.begin(target, previous, urls()));
    all.forEach(u -> setting.run().sent(target.version(), u.replica().url(), u.trace()));
  }

  private List<String> urls() {
    return all.stream().map(u -> u.replica().url()).toList();
  }

  private void inspect(Consumer<Target> inspect) throws Stopped {
    try {
      inspect.accept(target);
    } catch (FleetException e) {
      active.clear();
      throw new Stopped(UpdateResult.Outcome.REFUSED, OneLine.of(e));
    }
    requireQuorum("serving");
  }

  private void prepare() throws Stopped, InterruptedException {
    if (all.size() == 1) {
      all.getFirst().alone();
    }
    each(active, ReplicaUpdate::prepare);
    leaveOutFailed();
    requireQuorum("prepared");
  }

  private void pause() throws Stopped, InterruptedException {
    List<ReplicaUpdate> pausing = hold(active.stream().filter(ReplicaUpdate::pauses).toList());
    each(pausing, ReplicaUpdate::pause);
    leaveOutFailed();
    replicas.change(replicasOf(pausing, u -> u.last().done() && u.paused()), ReplicaState.PAUSED);
    requireQuorum("paused");
  }

  private void apply(List<ReplicaUpdate> some) throws Stopped, InterruptedException {
    if (some.isEmpty()) {
      return;
    }
    List<ReplicaUpdate> applying = hold(some);
    each(applying, ReplicaUpdate::apply);
    leaveOutFailed();
    replicas.change(replicasOf(applying, u -> u.moved() && u.paused()), ReplicaState.PAUSED);
    requireQuorum("updated");
  }

  /** Begins to change the replicas; leaves out those that stopped serving meanwhile. */
  private List<ReplicaUpdate> hold(List<ReplicaUpdate> some) {
    Set<Replica> serving = replicas.hold(replicasOf(some, u -> !held.contains(u)));
    replicas.change(replicasOf(some, held::contains), ReplicaState.UPDATING);
    for (ReplicaUpdate update : some) {
      if (serving.contains(update.replica())) {
        held.add(update);
      } else if (!held.contains(update)) {
        update.failed(update.replica().url() + ": it stopped serving during the update");
        active.remove(update);
      }
    }
    return some.stream().filter(held::contains).toList();
  }

  private static List<Replica> replicasOf(
      List<ReplicaUpdate> updates, Predicate<ReplicaUpdate> those) {
    return updates.stream().filter(those).map(ReplicaUpdate::replica).toList();
  }

  private void each(List<ReplicaUpdate> updates, Consumer<ReplicaUpdate> phase)
      throws InterruptedException {
    setting.parallel().forEach(updates, phase);
  }

  /** Sets aside those whose newest phase failed, unless nothing was changed anywhere. */
  private void leaveOutFailed() throws Stopped {
    List<ReplicaUpdate> failed = active.stream().filter(u -> !u.last().done()).toList();
    for (ReplicaUpdate update : failed) {
      update.leftOut();
      setting.run().failed(target.version(), update.replica().url(), update.trace());
    }
    boolean unchanged = all.stream().allMatch(u -> u.last() instanceof Step.Refused);
    if (unchanged && all.size() == failed.size()) {
      throw new Stopped(
          failed.stream().map(ReplicaUpdate::last).allMatch(FleetUpdate::isRejection)
              ? UpdateResult.Outcome.REFUSED
              : UpdateResult.Outcome.ROLLED_BACK,
          "no server was changed");
    }
    active.removeAll(failed);
    failed.forEach(update -> SetAside.after(update, replicas));
    failed.forEach(update -> replicas.failed(update.replica(), target.version()));
  }

  private static boolean isRejection(Step step) {
    return step instanceof Step.Refused(String _, boolean rejected) && rejected;
  }

  private void requireQuorum(String what) throws Stopped {
    if (active.size() < needed || active.isEmpty()) {
      throw new Stopped(
          UpdateResult.Outcome.ROLLED_BACK,
          "%d of %d servers %s, expected at least %d"
              .formatted(active.size(), all.size(), what, Math.max(1, needed)));
    }
  }

  private void commit() throws InterruptedException {
    setting.transactions().ifPresent(j -> j.committed(target));
    setting.run().served(target.version());
    replicasOf(active, ReplicaUpdate::pauses).forEach(r -> r.streams().change(target.version()));
    replicas.commit(replicasOf(active, u -> !u.paused()), target.version());
    resume(replica -> replicas.serves(replica, target.version()));
    endJournal();
  }

  private void rollBack() throws InterruptedException {
    List<ReplicaUpdate> changed = active.stream().filter(ReplicaUpdate::changed).toList();
    each(changed, this::undo);
    for (ReplicaUpdate update : List.copyOf(active)) {
      if (update.moved()) {
        active.remove(update);
        SetAside.notUndone(update, replicas, previous);
      }
    }
    replicasOf(active, u -> !u.paused()).forEach(replicas::servesAgain);
    resume(replicas::servesAgain);
    endJournal();
  }

  /**
   * While a replica is left behind, by this transaction or an earlier one, it has no end: a fleet
   * that is started meanwhile must know that the replica may have been left in the middle of a
   * load.
   */
  private void endJournal() {
    if (replicas.allServe()) {
      setting.transactions().ifPresent(j -> j.ended(target));
    }
  }

  private void undo(ReplicaUpdate update) {
    boolean can = previous.isPresent() || update.replica().dialect().capabilities().retains();
    if (can) {
      var _ = update.undo(previous);
    }
  }

  /** Resumes the replicas of the update, each of which then receives requests. */
  private void resume(Consumer<Replica> resumed) throws InterruptedException {
    each(
        active.stream().filter(ReplicaUpdate::paused).toList(),
        update -> {
          if (update.resume(replicas.read(_ -> update.replica().life().version())).done()) {
            resumed.accept(update.replica());
          } else {
            update.leftOut();
            SetAside.after(update, replicas);
          }
        });
  }

  /** The update cannot continue: says of every replica that was held who must act. */
  private void abandon() {
    for (ReplicaUpdate update : active) {
      if (replicas.isHeld(update.replica())) {
        SetAside.abandoned(update, replicas);
      }
    }
  }

  private UpdateResult result(UpdateResult.Outcome outcome, Optional<String> why) {
    return new UpdateResult(
        target.version(),
        replicas.table().policyVersion(),
        outcome,
        replicas.read(_ -> all.stream().map(ReplicaUpdate::result).toList()),
        setting.clock().millisSince(beganNanos),
        why);
  }
}

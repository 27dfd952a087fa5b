package dev.freshet.orchestrator;

import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.JournaledRun;
import dev.freshet.trace.MonotonicClock;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Tracks every rollout group and decides whether another may be dispatched.
 *
 * <p>The batch of step s (from 1) trains policy s − 1, so the staleness of a group in it is (s − 1)
 * − the policy version at the group's dispatch. It never exceeds the async level: groups are
 * admitted by the {@link AdmissionRule}. A batch has the oldest groups that are ready, and waits
 * for groups in flight that it would make stale ({@link StragglerWait}); those that end later are
 * dropped when it is taken, before it is handed over.
 *
 * <p>Every dispatched group is in exactly one state: in flight, ready, packed, filtered, stale,
 * failed or stopped. The first failure recorded here ends every wait. Thread-safe.
 */
final class GroupLedger {
  private final long batches;
  private final GroupFilters filters;
  private final StragglerWait stragglers;
  private final MonotonicClock clock;
  private final Monitor monitor;

  private final AdmissionRule rule;
  private final GroupTally tally;
  private final Set<GroupInFlight> inFlight = new LinkedHashSet<>();
  private final ReadyGroups ready;
  private final RunEnd end;
  private long policyVersion;
  private long batchesHanded;

  GroupLedger(
      OrchestratorConfig config,
      Advantage advantage,
      DropCounts drops,
      long batches,
      MonotonicClock clock) {
    this.batches = batches;
    this.ready = new ReadyGroups(config.groupsPerBatch(), config.asyncLevel());
    this.filters = new GroupFilters(config, advantage, drops);
    this.tally = new GroupTally(config.groupsPerBatch(), drops);
    this.stragglers = new StragglerWait(config.stragglerWait());
    this.clock = clock;
    this.end = new RunEnd(config.episodes());
    this.rule = new AdmissionRule(config, batches, clock);
    this.monitor = new Monitor(clock);
  }

  /**
   * Continues where an earlier process ended, whose groups are then dispatched again. Called first.
   *
   * @param version the policy version that is served
   */
  void resume(JournaledRun earlier, long version) {
    monitor.change(
        () -> {
          policyVersion = version;
          batchesHanded = earlier.handed().step();
          ready.resume(batchesHanded, earlier.taken());
          tally.resume(earlier);
          filters.batchTaken(earlier.handed().dispatched());
        });
  }

  /** Waits at most {@code nanos} until another group is admissible or the pipeline is held. */
  Admission awaitAdmission(long nanos) throws InterruptedException {
    AtomicBoolean held = new AtomicBoolean(true); // One that is held already is not news.
    return monitor.await(
        nanos,
        () ->
            switch (admission()) {
              case Admission.Open _, Admission.Over _ -> true;
              case Admission.Held _ -> !held.getAndSet(true);
              case Admission.Full _ -> {
                held.set(false);
                yield false;
              }
            },
        this::admission);
  }

  private Admission admission() {
    return rule.admission(
        new AdmissionRule.Pipeline(
            inFlight.size(),
            ready.size(),
            policyVersion,
            ready.batchesTaken(),
            batchesHanded,
            end.isSet()));
  }

  /** A group starts. Called by the dispatcher only, after an {@link Admission.Open}. */
  void dispatched(GroupInFlight group) {
    monitor.change(
        () -> {
          tally.addDispatched();
          stragglers.dispatched(clock.nanos());
          inFlight.add(group);
          boolean late = ready.isStale(group.dispatchVersion()) && !ready.isChosen(group.number());
          if (end.isSet() || late) {
            group.calls().cancel();
          }
        });
  }

  /** A rollout of a group ended; too many failed ones end the run. */
  void rolloutEnded(RolloutResult result) {
    monitor.change(() -> end.rolloutEnded(result));
  }

  /** A group ended. Called once for each group. */
  void ended(GroupInFlight group, GroupOutcome outcome) {
    monitor.change(
        () -> {
          if (!inFlight.remove(group)) {
            throw new IllegalStateException("a group ended twice: " + group.rolloutId(0));
          }
          switch (outcome) {
            case GroupOutcome.Complete complete -> completed(group.number(), complete.group());
            case GroupOutcome.Failed f -> tally.addFailed(group.number());
            case GroupOutcome.Dropped d -> dropped(group);
          }
        });
  }

  private void completed(long number, Group group) {
    if (ready.isChosen(number)) {
      ready.add(number, group);
    } else if (ready.isStale(group.dispatchVersion())) {
      tally.addStale(number, group.rollouts(), 0);
    } else if (keeps(number, group)) {
      ready.add(number, group);
    } else {
      tally.addFiltered(number);
    }
  }

  private void dropped(GroupInFlight group) {
    if (ready.isStale(group.dispatchVersion())) {
      tally.addStale(group.number(), group.done(), group.size() - group.done().size());
    } else {
      tally.addStopped(1);
    }
  }

  private boolean keeps(long number, Group group) {
    try {
      return filters.keeps(number, group);
    } catch (OrchestratorException e) {
      end.fail(e);
      return false;
    }
  }

  /**
   * Waits at most {@code nanos} for the groups of the next batch. Groups that would be stale in the
   * batch after it are dropped, after a wait for those of them that are in flight.
   */
  Optional<TakenBatch> awaitBatch(long nanos) throws InterruptedException {
    return monitor.awaitDue(nanos, () -> end.isSet() ? 0 : untilNextBatch(), this::takeBatch);
  }

  private Optional<TakenBatch> takeBatch() {
    if (untilNextBatch() > 0) {
      return Optional.empty();
    }
    TakenBatch batch = ready.take(policyVersion).waited(stragglers.taken(clock.nanos()));
    tally.addPacked(batch.taken().groups());
    filters.batchTaken(tally.dispatched());
    dropStale();
    monitor.signal();
    return Optional.of(batch);
  }

  /** How long to wait at most until the next batch may be taken; 0 or less: it may be now. */
  private long untilNextBatch() {
    if (!ready.complete()) {
      return Long.MAX_VALUE;
    }
    boolean overtakes = inFlight.stream().anyMatch(group -> ready.isDue(group.dispatchVersion()));
    return overtakes && !ready.chosen()
        ? stragglers.leftNanos(clock.nanos(), policyVersion >= ready.batchesTaken())
        : 0;
  }

  /** Cancelling closes connections; a group in flight is counted when its rollouts have ended. */
  private void dropStale() {
    for (ReadyGroups.Ready late : ready.removeStale()) {
      tally.addStale(late.number(), late.group().rollouts(), 0);
    }
    inFlight.stream()
        .filter(group -> ready.isStale(group.dispatchVersion()))
        .forEach(group -> group.calls().cancel());
  }

  /** The next batch and its record are written. */
  void handed() {
    monitor.change(() -> batchesHanded++);
  }

  /** Waits at most {@code nanos} until a group is in flight or ready; returns whether one is. */
  boolean awaitActivity(long nanos) throws InterruptedException {
    return await(nanos, () -> !inFlight.isEmpty() || ready.size() > 0);
  }

  /** Waits at most {@code nanos} for a policy version; returns whether it is served. */
  boolean awaitVersion(long version, long nanos) throws InterruptedException {
    return await(nanos, () -> policyVersion >= version);
  }

  private boolean await(long nanos, BooleanSupplier met) throws InterruptedException {
    return monitor.await(nanos, () -> met.getAsBoolean() || end.isSet(), met::getAsBoolean);
  }

  /** Waits at most {@code nanos} until nothing is in flight; returns whether nothing is. */
  boolean awaitIdle(long nanos) throws InterruptedException {
    return monitor.await(nanos, inFlight::isEmpty, inFlight::isEmpty);
  }

  /** All servers in rotation serve {@code version}. */
  void advanceTo(long version) {
    monitor.change(() -> policyVersion = version);
  }

  /** Ends all waits, admits no more groups and cancels those in flight. */
  void stop() {
    monitor.change(
        () -> {
          end.stop();
          inFlight.forEach(group -> group.calls().cancel());
          tally.addStopped(ready.clear());
        });
  }

  /** The run cannot continue, for {@code reason}. Only the first one is kept. */
  void fail(Throwable reason) {
    monitor.change(() -> end.fail(reason));
  }

  Optional<OrchestratorException> failure() {
    return monitor.read(end::failure);
  }

  boolean stopping() {
    return monitor.read(end::stopping);
  }

  long batches() {
    return batches;
  }

  long batchesTaken() {
    return monitor.read(ready::batchesTaken);
  }

  /** The counts now, with the groups that have ended since the call before. */
  GroupTally.Settled settle() {
    return monitor.read(() -> tally.settle(inFlight.size(), ready.size()));
  }

  GroupCounts counts() {
    return monitor.read(() -> tally.counts(inFlight.size(), ready.size()));
  }
}

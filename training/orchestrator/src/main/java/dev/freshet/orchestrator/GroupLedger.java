package dev.freshet.orchestrator;

import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.JournalRecord;
import dev.freshet.rollouts.JournaledRun;
import dev.freshet.trace.MonotonicClock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Tracks every rollout group and decides whether another may be dispatched.
 *
 * <p>The batch of step s (from 1) trains policy s − 1, so the staleness of a group in it is (s − 1)
 * − the policy version at the group's dispatch. It never exceeds the async level: a group is
 * admitted only if it can still enter a batch within the bound after all groups before it, and a
 * group that is overtaken is dropped when the batch that overtakes it is taken, before that batch
 * is handed over. No group of policy version s is admitted before batch s is handed over, so that
 * what it is drawn from is in the journal.
 *
 * <p>Every dispatched group is in exactly one state: in flight, ready, packed, filtered, stale,
 * failed or stopped. The first failure recorded here ends every wait. Thread-safe.
 */
final class GroupLedger {
  private final int groupsPerBatch;
  private final int asyncLevel;
  private final int maxInflightGroups;
  private final long batches;
  private final GroupFilters filters;
  private final DropCounts drops;
  private final FailedShare failedShare;
  private final MonotonicClock clock;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<GroupInFlight> inFlight = new LinkedHashSet<>();
  private final ReadyGroups ready;

  /** The numbers of groups that are needed no more, since the last {@link #settle}. */
  private final List<Long> ended = new ArrayList<>();

  private long policyVersion;
  private long batchesTaken;
  private long batchesHanded;
  private long dispatched;
  private long filtered;
  private long stale;
  private long failed;
  private long stopped;
  private boolean stopping;
  private Optional<OrchestratorException> failure = Optional.empty();
  private Optional<Long> heldSince = Optional.empty();

  /**
   * The counts of all groups.
   *
   * @param ended the numbers of groups that are needed no more
   */
  record Settled(GroupCounts counts, List<Long> ended) {
    /**
     * The record that the batch of {@code step} is handed over.
     *
     * @param curricula after the outcomes of the groups that have ended
     */
    JournalRecord.Handed handed(long step, Map<String, JournalRecord.Levels> curricula) {
      return new JournalRecord.Handed(
          step,
          counts.dispatched(),
          counts.filtered(),
          counts.stale(),
          counts.failed(),
          ended,
          curricula);
    }
  }

  GroupLedger(
      OrchestratorConfig config,
      Advantage advantage,
      DropCounts drops,
      long batches,
      MonotonicClock clock) {
    this.groupsPerBatch = config.groupsPerBatch();
    this.asyncLevel = config.asyncLevel();
    this.maxInflightGroups = config.maxInflightGroups();
    this.batches = batches;
    this.ready = new ReadyGroups(groupsPerBatch);
    this.filters = new GroupFilters(config, advantage, drops);
    this.drops = drops;
    this.failedShare =
        new FailedShare(config.episodes().failedWindow(), config.episodes().maxFailedShare());
    this.clock = clock;
  }

  /**
   * Goes on where an earlier process ended, whose groups are then dispatched again. Called first.
   *
   * @param version the policy version that is served
   */
  void resume(JournaledRun earlier, long version) {
    lock.lock();
    try {
      JournalRecord.Handed counts = earlier.handed();
      policyVersion = version;
      batchesTaken = counts.step();
      batchesHanded = counts.step();
      dispatched = earlier.dispatched() - earlier.groups().size();
      filtered = counts.filtered();
      stale = counts.stale();
      failed = counts.failed();
      filters.batchTaken(counts.dispatched());
      earlier.taken().ifPresent(ready::choose);
    } finally {
      lock.unlock();
    }
  }

  /** Waits at most {@code nanos} until another group is admissible or the pipeline is held. */
  Admission awaitAdmission(long nanos) throws InterruptedException {
    long end = clock.nanos() + nanos;
    lock.lock();
    try {
      while (true) {
        Admission admission = admission();
        long left = end - clock.nanos();
        if (admission instanceof Admission.Open
            || admission instanceof Admission.Over
            || left <= 0) {
          return admission;
        }
        boolean held = admission instanceof Admission.Held;
        changed.awaitNanos(left);
        if (!held && admission() instanceof Admission.Held) {
          return admission();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private Admission admission() {
    boolean over = stopping || failure.isPresent() || batchesTaken == batches;
    int generated = inFlight.size() + ready.size();
    boolean bound = generated >= (policyVersion + 1 + asyncLevel - batchesTaken) * groupsPerBatch;
    boolean held = !over && bound && inFlight.isEmpty() && ready.size() < groupsPerBatch;
    heldSince = held ? heldSince.or(() -> Optional.of(clock.nanos())) : Optional.empty();
    if (over) {
      return new Admission.Over();
    }
    if (held) {
      return new Admission.Held(policyVersion, heldSince.orElseThrow());
    }
    if (generated >= (batches - batchesTaken) * groupsPerBatch) {
      return new Admission.Full("all groups of the run are dispatched");
    }
    if (bound) {
      return new Admission.Full(
          "the staleness bound: %d groups at policy version %d, %d batches taken"
              .formatted(generated, policyVersion, batchesTaken));
    }
    if (policyVersion > batchesHanded) {
      return new Admission.Full(
          "batch %d is not handed over yet, but policy version %d is served"
              .formatted(batchesHanded + 1, policyVersion));
    }
    if (inFlight.size() >= maxInflightGroups) {
      return new Admission.Full("the limit of %d groups in flight".formatted(maxInflightGroups));
    }
    return new Admission.Open(policyVersion);
  }

  /** A group starts. Called by the dispatcher only, after an {@link Admission.Open}. */
  void dispatched(GroupInFlight group) {
    lock.lock();
    try {
      dispatched++;
      inFlight.add(group);
      boolean late = isStale(group.dispatchVersion()) && !ready.isChosen(group.number());
      if (stopping || failure.isPresent() || late) {
        group.calls().cancel();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** A rollout of a group ended; too many failed ones end the run. */
  void rolloutEnded(RolloutResult result) {
    lock.lock();
    try {
      failedShare
          .ended(result)
          .ifPresent(
              tooMany -> {
                record(tooMany);
                changed.signalAll();
              });
    } finally {
      lock.unlock();
    }
  }

  /** A group ended. Called once for each group. */
  void ended(GroupInFlight group, GroupOutcome outcome) {
    lock.lock();
    try {
      if (!inFlight.remove(group)) {
        throw new IllegalStateException("a group ended twice: " + group.rolloutId(0));
      }
      switch (outcome) {
        case GroupOutcome.Complete complete -> completed(group.number(), complete.group());
        case GroupOutcome.Failed f -> {
          failed++;
          ended.add(group.number());
        }
        case GroupOutcome.Dropped d -> {
          if (isStale(group.dispatchVersion())) {
            stale++;
            ended.add(group.number());
            drops.add(DropReason.STALE, group.done());
            drops.addUnfinished(group.size() - group.done().size());
          } else {
            stopped++;
          }
        }
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void completed(long number, Group group) {
    if (ready.isChosen(number)) {
      ready.add(number, group);
    } else if (isStale(group.dispatchVersion())) {
      stale++;
      ended.add(number);
      drops.add(DropReason.STALE, group.rollouts());
    } else if (keeps(number, group)) {
      ready.add(number, group);
    } else {
      filtered++;
      ended.add(number);
    }
  }

  private boolean keeps(long number, Group group) {
    try {
      return filters.keeps(number, group);
    } catch (OrchestratorException e) {
      record(e);
      return false;
    }
  }

  /** Whether a group would exceed the bound in the next batch to be taken. */
  private boolean isStale(int dispatchVersion) {
    return batchesTaken - dispatchVersion > asyncLevel;
  }

  /**
   * Waits at most {@code nanos} for the groups of the next batch. Groups that would be stale in the
   * batch after it are dropped.
   */
  Optional<TakenBatch> awaitBatch(long nanos) throws InterruptedException {
    long end = clock.nanos() + nanos;
    lock.lock();
    try {
      Optional<TakenBatch> batch = ready.take(batchesTaken + 1, policyVersion);
      while (batch.isEmpty()) {
        long left = end - clock.nanos();
        if (stopping || failure.isPresent() || left <= 0) {
          return Optional.empty();
        }
        changed.awaitNanos(left);
        batch = ready.take(batchesTaken + 1, policyVersion);
      }
      ended.addAll(batch.get().taken().groups());
      batchesTaken++;
      filters.batchTaken(dispatched);
      dropStale();
      changed.signalAll();
      return batch;
    } finally {
      lock.unlock();
    }
  }

  /** Cancelling closes connections; a group in flight is counted when its rollouts have ended. */
  private void dropStale() {
    for (ReadyGroups.Ready late : ready.remove(group -> isStale(group.dispatchVersion()))) {
      stale++;
      ended.add(late.number());
      drops.add(DropReason.STALE, late.group().rollouts());
    }
    inFlight.stream()
        .filter(group -> isStale(group.dispatchVersion()))
        .forEach(group -> group.calls().cancel());
  }

  /** The next batch and its record are written. */
  void handed() {
    lock.lock();
    try {
      batchesHanded++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits at most {@code nanos} until a group is in flight or ready; returns whether one is. */
  boolean awaitActivity(long nanos) throws InterruptedException {
    return await(nanos, () -> !inFlight.isEmpty() || ready.size() > 0);
  }

  /** Waits at most {@code nanos} for a policy version; returns whether it is served. */
  boolean awaitVersion(long version, long nanos) throws InterruptedException {
    return await(nanos, () -> policyVersion >= version);
  }

  /** Waits at most {@code nanos} until nothing is in flight; returns whether nothing is. */
  boolean awaitIdle(long nanos) throws InterruptedException {
    long end = clock.nanos() + nanos;
    lock.lock();
    try {
      while (!inFlight.isEmpty() && end > clock.nanos()) {
        changed.awaitNanos(end - clock.nanos());
      }
      return inFlight.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  private boolean await(long nanos, BooleanSupplier condition) throws InterruptedException {
    long end = clock.nanos() + nanos;
    lock.lock();
    try {
      while (!condition.getAsBoolean()) {
        long left = end - clock.nanos();
        if (stopping || failure.isPresent() || left <= 0) {
          return false;
        }
        changed.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** All servers in rotation serve {@code version}. */
  void advanceTo(long version) {
    lock.lock();
    try {
      policyVersion = version;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends all waits, admits no more groups and cancels those in flight. */
  void stop() {
    lock.lock();
    try {
      stopping = true;
      inFlight.forEach(group -> group.calls().cancel());
      stopped += ready.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The run cannot continue, for {@code reason}. Only the first one is kept. */
  void fail(Throwable reason) {
    lock.lock();
    try {
      record(reason);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void record(Throwable reason) {
    failure = failure.or(() -> Optional.of(OrchestratorException.of(reason)));
  }

  Optional<OrchestratorException> failure() {
    lock.lock();
    try {
      return failure;
    } finally {
      lock.unlock();
    }
  }

  boolean stopping() {
    lock.lock();
    try {
      return stopping;
    } finally {
      lock.unlock();
    }
  }

  long batches() {
    return batches;
  }

  long batchesTaken() {
    lock.lock();
    try {
      return batchesTaken;
    } finally {
      lock.unlock();
    }
  }

  /** The counts now, with the groups that have ended since the call before. */
  Settled settle() {
    lock.lock();
    try {
      Settled settled = new Settled(counts(), List.copyOf(ended));
      ended.clear();
      return settled;
    } finally {
      lock.unlock();
    }
  }

  GroupCounts counts() {
    lock.lock();
    try {
      return new GroupCounts(
          dispatched,
          batchesTaken * groupsPerBatch,
          filtered,
          stale,
          failed,
          stopped,
          inFlight.size(),
          ready.size());
    } finally {
      lock.unlock();
    }
  }
}

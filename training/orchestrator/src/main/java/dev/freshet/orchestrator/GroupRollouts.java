package dev.freshet.orchestrator;

import dev.freshet.environments.Environment;
import dev.freshet.environments.Problem;
import dev.freshet.rollouts.JournaledRollout;
import dev.freshet.wire.OneLine;

/**
 * Plays the rollouts of groups, each on its own virtual thread. Every rollout has exactly one
 * outcome and every group is reported to the ledger exactly once, whatever is thrown. Thread-safe.
 */
final class GroupRollouts {
  private static final long SEED_STRIDE = 1_000_003;

  private final int groupSize;
  private final Sampling sampling;
  private final long firstSeed;
  private final RunCurricula curricula;
  private final GroupLedger ledger;
  private final RolloutRunner runner;
  private final RolloutJournal journal;
  private final RunMetrics metrics;

  GroupRollouts(
      OrchestratorConfig config,
      long seed,
      RunCurricula curricula,
      GroupLedger ledger,
      RolloutRunner runner,
      RolloutJournal journal,
      RunMetrics metrics) {
    this.groupSize = config.groupSize();
    this.sampling = new Sampling(config.temperature(), config.topP(), config.maxTokens());
    this.firstSeed = seed;
    this.curricula = curricula;
    this.ledger = ledger;
    this.runner = runner;
    this.journal = journal;
    this.metrics = metrics;
  }

  /** A group that is to be dispatched. */
  GroupInFlight group(long number, Environment environment, Problem problem, long policyVersion) {
    return new GroupInFlight(
        number, environment, problem, policyVersion, sampling.distribution(), groupSize);
  }

  /** Dispatches a group and starts its rollouts. */
  void begin(GroupInFlight group) {
    dispatched(group);
    for (int i = 0; i < groupSize; i++) {
      start(group, i, JournaledRollout.NOTHING);
    }
  }

  /** Dispatches a group whose rollouts have all failed. */
  void fail(GroupInFlight group, RolloutFailure why) {
    dispatched(group);
    for (int i = 0; i < groupSize; i++) {
      ended(group, i, new RolloutResult.Failed(why.reason(), OneLine.of(why)));
    }
  }

  private void dispatched(GroupInFlight group) {
    journal.dispatched(group);
    ledger.dispatched(group);
  }

  /** Starts a rollout, from what an earlier process recorded of it. */
  void start(GroupInFlight group, int index, JournaledRollout earlier) {
    long seed = firstSeed + (group.number() * groupSize + index) * SEED_STRIDE;
    Thread.ofVirtual()
        .name("rollout-" + group.rolloutId(index))
        .start(() -> play(group, index, seed, earlier));
  }

  private void play(GroupInFlight group, int index, long seed, JournaledRollout earlier) {
    RolloutResult result = new RolloutResult.Cancelled();
    try {
      result =
          runner.run(
              group.environment(),
              group.problem(),
              sampling,
              seed,
              group.dispatchVersion(),
              group.calls(),
              journal.of(group, index, earlier));
    } catch (InterruptedException e) {
      ledger.fail(new OrchestratorException("a rollout was interrupted", e));
    } catch (Throwable e) {
      ledger.fail(e);
    } finally {
      ended(group, index, result);
    }
  }

  private void ended(GroupInFlight group, int index, RolloutResult result) {
    try {
      journal.ended(group, index, result);
    } catch (RuntimeException e) {
      ledger.fail(e);
    }
    count(group, index, result);
  }

  /** A rollout has ended, here or in an earlier process. */
  void count(GroupInFlight group, int index, RolloutResult result) {
    ledger.rolloutEnded(result);
    metrics.rolloutEnded(group.environment().name(), result);
    group
        .ended(index, result)
        .ifPresent(
            outcome -> {
              if (outcome instanceof GroupOutcome.Complete complete) {
                curricula.completed(group, complete.group());
              }
              ledger.ended(group, outcome);
            });
  }
}

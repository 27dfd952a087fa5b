package dev.freshet.orchestrator;

import dev.freshet.fleet.Fleet;
import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.waits.Waits;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Makes training batches: waits for the groups of the next one, computes the advantages of their
 * rollouts and writes the batch for the trainer. Used by one thread.
 */
final class Packer {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final OrchestratorConfig config;
  private final Advantage advantage;
  private final GroupLedger ledger;
  private final Fleet fleet;
  private final BatchStore store;
  private final EventLog events;

  Packer(
      OrchestratorConfig config,
      Advantage advantage,
      GroupLedger ledger,
      Fleet fleet,
      BatchStore store,
      EventLog events) {
    this.config = config;
    this.advantage = advantage;
    this.ledger = ledger;
    this.fleet = fleet;
    this.store = store;
    this.events = events;
  }

  /** Makes the batch of {@code step}; empty if the run failed or was stopped. */
  Optional<BatchStats> pack(long step) throws InterruptedException {
    try (Waits.Open _ =
        Waits.idle("orchestrator", "the first completion of batch " + step, "inference")) {
      while (!ledger.awaitActivity(POLL_NANOS)) {
        if (over()) {
          return Optional.empty();
        }
      }
    }
    long begin = events.clock().nanos();
    int completions = config.groupsPerBatch() * config.groupSize();
    events.batchStart(fleet.rollouts(), completions);
    Optional<List<Group>> groups = Optional.empty();
    try (Waits.Open _ =
        Waits.idle("orchestrator", "the completions of batch " + step, "inference")) {
      while (groups.isEmpty()) {
        if (over()) {
          return Optional.empty();
        }
        groups = ledger.awaitBatch(POLL_NANOS);
      }
    }
    double durMs = events.clock().millisSince(begin);
    events.batchDone(completions, durMs, fleet.rollouts());
    List<Rollout> rollouts = advantage.apply(groups.get());
    BatchStats stats = BatchStats.of(step, rollouts, durMs);
    if (stats.stalenessMax() > config.asyncLevel()) {
      throw new IllegalStateException(
          "batch %d has staleness %d: the bound is %d"
              .formatted(step, stats.stalenessMax(), config.asyncLevel()));
    }
    events.rollouts(stats.truncPct(), step - 1, step - 1 - stats.stalenessMax());
    store.write(new TrainingBatch(step, rollouts));
    return Optional.of(stats);
  }

  private boolean over() {
    return ledger.stopping() || ledger.failure().isPresent();
  }
}

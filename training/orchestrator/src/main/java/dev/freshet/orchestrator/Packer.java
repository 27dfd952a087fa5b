package dev.freshet.orchestrator;

import dev.freshet.fleet.Fleet;
import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.trace.waits.Waits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Makes training batches: waits for the groups of the next one, computes the advantages of their
 * rollouts, leaves out those that are not to be trained on and writes the batch for the trainer,
 * unless an earlier process did. Used by one thread.
 */
final class Packer {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final OrchestratorConfig config;
  private final Advantage advantage;
  private final DropCounts drops;
  private final GroupLedger ledger;
  private final Fleet fleet;
  private final TrainerBatches batches;
  private final RolloutJournal journal;
  private final EventLog events;
  private final RoleClock time;

  Packer(
      OrchestratorConfig config,
      Advantage advantage,
      DropCounts drops,
      GroupLedger ledger,
      Fleet fleet,
      TrainerBatches batches,
      RolloutJournal journal,
      EventLog events,
      RoleClock time) {
    this.config = config;
    this.advantage = advantage;
    this.drops = drops;
    this.ledger = ledger;
    this.fleet = fleet;
    this.batches = batches;
    this.journal = journal;
    this.events = events;
    this.time = time;
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
    Optional<TakenBatch> batch = Optional.empty();
    try (Waits.Open _ =
        Waits.idle("orchestrator", "the completions of batch " + step, "inference")) {
      while (batch.isEmpty()) {
        if (over()) {
          return Optional.empty();
        }
        batch = ledger.awaitBatch(POLL_NANOS);
      }
    }
    double durMs = events.clock().millisSince(begin);
    events.batchDone(completions, durMs, fleet.rollouts());
    journal.taken(batch.get().taken());
    try (RoleClock.Activity _ = time.begin(RoleState.BATCH)) {
      return Optional.of(handedOver(step, batch.get(), durMs));
    }
  }

  /** Scores the groups, leaves out what is not to be trained on, and writes the batch. */
  private BatchStats handedOver(long step, TakenBatch batch, double durMs)
      throws InterruptedException {
    List<Group> groups =
        batch.groups().stream().flatMap(group -> group.byAgent().stream()).toList();
    List<Rollout> scored = scored(groups);
    List<Rollout> rollouts = withBranches(scored, groups);
    List<Rollout> kept = new ArrayList<>();
    for (Rollout rollout : rollouts) {
      config
          .rolloutFilter()
          .rejects(rollout)
          .ifPresentOrElse(why -> drops.add(why, List.of(rollout)), () -> kept.add(rollout));
    }
    BatchStats stats =
        BatchStats.of(
            step, batch.taken().version(), scored, rollouts, kept, durMs, batch.stragglerMs());
    if (stats.stalenessMax() > config.asyncLevel()) {
      throw new IllegalStateException(
          "batch %d has staleness %d: the bound is %d"
              .formatted(step, stats.stalenessMax(), config.asyncLevel()));
    }
    events.rollouts(stats.truncPct(), step - 1, step - 1 - stats.stalenessMax());
    batches.write(new TrainingBatch(step, kept), this::over);
    return stats;
  }

  /** The rollouts of groups with their own rewards, and advantages of the shaped ones. */
  private List<Rollout> scored(List<Group> groups) {
    List<Rollout> rollouts = groups.stream().flatMap(group -> group.rollouts().stream()).toList();
    List<Rollout> shaped =
        advantage.apply(groups.stream().map(config.overlongPenalty()::shaped).toList());
    return IntStream.range(0, rollouts.size())
        .mapToObj(i -> rollouts.get(i).withAdvantage(shaped.get(i).advantage()))
        .toList();
  }

  /** The rollouts, each followed by one for each of its further branches. */
  private static List<Rollout> withBranches(List<Rollout> scored, List<Group> groups) {
    Map<String, Group> byId =
        groups.stream().collect(Collectors.toMap(Group::id, Function.identity()));
    return scored.stream()
        .flatMap(
            rollout ->
                Objects.requireNonNull(byId.get(rollout.groupId())).withBranches(rollout).stream())
        .toList();
  }

  private boolean over() {
    return ledger.stopping() || ledger.failure().isPresent();
  }
}

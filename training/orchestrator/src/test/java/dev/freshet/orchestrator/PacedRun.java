package dev.freshet.orchestrator;

import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.Trajectory;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;

/**
 * What came of a simulated run: a {@link GroupLedger} at a clock of its own, groups that take times
 * of a log-normal distribution with a median of 10 s and σ = 1, and a trainer that takes 15 s for a
 * batch of 8 groups. No thread waits.
 *
 * @param droppedShare of the groups, those that became stale
 * @param keptMeanS the mean time of a group in a batch
 * @param drawnMeanS the mean time of all groups that were dispatched
 */
record PacedRun(double droppedShare, double keptMeanS, double drawnMeanS, double stepsPerHour) {
  private static final int BATCHES = 200;
  private static final int GROUPS_PER_BATCH = 8;
  private static final int MOST_IN_FLIGHT = 16;
  private static final double TRAINER_S = 15;
  private static final long TICK_NANOS = 200_000_000;

  /** The seconds of groups, or their tokens by any measure, that are trained on in an hour. */
  double keptPerHour() {
    return keptMeanS * GROUPS_PER_BATCH * stepsPerHour;
  }

  private static final class Simulation {
    private final GroupLedger ledger;
    private final Random random = new Random(1);
    private final PriorityQueue<InFlight> inFlight =
        new PriorityQueue<>((a, b) -> Long.compare(a.endNanos, b.endNanos));
    private final List<Double> drawn = new ArrayList<>();
    private final Deque<Long> handed = new ArrayDeque<>();
    private long now;
    private long version;
    private Optional<Long> trainerEnds = Optional.empty();
    private double keptSum;

    private record InFlight(GroupInFlight group, long endNanos) {}

    Simulation(int asyncLevel, double stragglerWait) {
      TestConfig config = new TestConfig();
      config.servers =
          List.of(new ServerAddress(URI.create("http://h:1"), URI.create("http://h:2")));
      config.groupsPerBatch = GROUPS_PER_BATCH;
      config.maxInflightGroups = MOST_IN_FLIGHT;
      config.asyncLevel = asyncLevel;
      config.stragglerWait = stragglerWait;
      config.steps = BATCHES;
      this.ledger =
          new GroupLedger(
              config.build(), Advantage.MEAN, new DropCounts(), BATCHES, () -> this.now);
    }

    PacedRun run() throws InterruptedException {
      while (version < BATCHES) {
        endGroups();
        train();
        Optional<TakenBatch> batch = ledger.awaitBatch(0);
        batch.ifPresent(this::hand);
        if (batch.isEmpty()) {
          dispatch();
          now += TICK_NANOS;
        }
      }
      GroupCounts counts = ledger.counts();
      return new PacedRun(
          (double) counts.stale() / (counts.packed() + counts.stale()),
          keptSum / counts.packed(),
          drawn.stream().mapToDouble(s -> s).average().orElseThrow(),
          BATCHES / (now / 3.6e12));
    }

    private void dispatch() throws InterruptedException {
      while (ledger.awaitAdmission(0) instanceof Admission.Open open) {
        int number = drawn.size();
        double seconds = 10 * Math.exp(random.nextGaussian());
        drawn.add(seconds);
        GroupInFlight group =
            new GroupInFlight(
                number,
                NumberTurns.three(),
                new Problem(Split.TRAIN, number, "p" + number),
                open.policyVersion(),
                SamplingDistribution.atTemperature(1),
                1);
        ledger.dispatched(group);
        inFlight.add(new InFlight(group, now + (long) (seconds * 1e9)));
      }
    }

    private void endGroups() {
      List<InFlight> cancelled =
          inFlight.stream().filter(next -> next.group().calls().cancelled()).toList();
      inFlight.removeAll(cancelled);
      cancelled.forEach(next -> ledger.ended(next.group(), new GroupOutcome.Dropped()));
      while (!inFlight.isEmpty() && inFlight.element().endNanos() <= now) {
        GroupInFlight group = inFlight.remove().group();
        Trajectory tokens =
            new Trajectory.Builder()
                .observe(new int[] {1})
                .generate(new int[] {2}, new float[] {-1}, new int[] {group.dispatchVersion()})
                .build();
        RolloutResult done = new RolloutResult.Done(tokens, 1, Map.of(), "stop", 1);
        ledger.ended(group, group.ended(0, done).orElseThrow());
      }
    }

    private void hand(TakenBatch batch) {
      for (long number : batch.taken().groups()) {
        keptSum += drawn.get((int) number);
      }
      handed.add(batch.taken().step());
      ledger.handed();
    }

    private void train() {
      if (trainerEnds.filter(end -> end <= now).isPresent()) {
        ledger.advanceTo(++version);
        trainerEnds = Optional.empty();
      }
      if (trainerEnds.isEmpty() && !handed.isEmpty()) {
        handed.remove();
        trainerEnds = Optional.of(now + (long) (TRAINER_S * 1e9));
      }
    }
  }

  static PacedRun of(int asyncLevel, double stragglerWait) throws InterruptedException {
    return new Simulation(asyncLevel, stragglerWait).run();
  }
}

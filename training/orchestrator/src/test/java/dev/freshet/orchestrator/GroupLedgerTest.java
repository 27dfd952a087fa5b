package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.trace.MonotonicClock;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GroupLedgerTest {
  private static final long NOW = 0;
  private long names;

  @Test
  void groupsAreAdmittedOnlyWhileTheyCanEnterABatchWithinTheBound() throws Exception {
    GroupLedger ledger = ledger(2, 1, 100, 10, false);
    List<GroupInFlight> groups = dispatchAll(ledger);
    assertThat(groups).hasSize(4);
    assertThat(ledger.awaitAdmission(NOW)).isInstanceOf(Admission.Full.class);

    complete(ledger, groups.get(0), 0, 1);
    complete(ledger, groups.get(1), 0, 1);
    assertThat(ledger.awaitBatch(NOW)).isPresent();
    assertThat(ledger.awaitAdmission(NOW)).isInstanceOf(Admission.Full.class);

    ledger.handed();
    ledger.advanceTo(1);
    assertThat(dispatchAll(ledger)).hasSize(2);
  }

  @Test
  void theLimitOfGroupsInFlightHoldsWithinTheBound() throws Exception {
    GroupLedger ledger = ledger(2, 5, 3, 10, false);
    assertThat(dispatchAll(ledger)).hasSize(3);
    assertThat(ledger.awaitAdmission(NOW).toString()).contains("limit of 3 groups in flight");
  }

  @Test
  void thePipelineIsHeldOnlyWhenNothingIsInFlightAndOnlyWeightsCanUnblockIt() throws Exception {
    GroupLedger ledger = ledger(1, 0, 100, 10, false);
    GroupInFlight only = dispatchAll(ledger).getFirst();
    assertThat(ledger.awaitAdmission(NOW)).isInstanceOf(Admission.Full.class);
    complete(ledger, only, 0, 1);
    assertThat(ledger.awaitAdmission(NOW)).isInstanceOf(Admission.Full.class);
    assertThat(ledger.awaitBatch(NOW)).isPresent();

    assertThat(ledger.awaitAdmission(NOW)).isInstanceOf(Admission.Held.class);
    ledger.handed();
    ledger.advanceTo(1);
    assertThat(ledger.awaitAdmission(NOW)).isEqualTo(new Admission.Open(1));
  }

  @Test
  void aGroupOfAPolicyVersionIsAdmittedOnceItsBatchIsHandedOver() throws Exception {
    GroupLedger ledger = ledger(1, 1, 100, 10, false);
    for (GroupInFlight group : dispatchAll(ledger)) {
      complete(ledger, group, 0, 1);
    }
    assertThat(ledger.awaitBatch(NOW)).isPresent();
    ledger.advanceTo(1);

    assertThat(ledger.awaitAdmission(NOW).toString()).contains("batch 1 is not handed over yet");

    ledger.handed();
    assertThat(ledger.awaitAdmission(NOW)).isEqualTo(new Admission.Open(1));
  }

  @Test
  void anOvertakenGroupIsDroppedWhenTheBatchThatOvertakesItIsTaken() throws Exception {
    GroupLedger ledger = ledger(1, 1, 100, 10, false);
    List<GroupInFlight> first = dispatchAll(ledger);
    GroupInFlight slow = first.get(0);
    complete(ledger, first.get(1), 0, 1);
    assertThat(ledger.awaitBatch(NOW)).isPresent();
    assertThat(slow.calls().cancelled()).isFalse();
    ledger.handed();
    ledger.advanceTo(1);
    complete(ledger, dispatchAll(ledger).getFirst(), 0, 1);

    assertThat(ledger.awaitBatch(NOW)).isPresent();

    assertThat(slow.calls().cancelled()).isTrue();
    assertThat(ledger.counts().inFlight()).isEqualTo(1);
    ledger.ended(slow, new GroupOutcome.Dropped());
    assertThat(ledger.counts().stale()).isEqualTo(1);
    assertThat(ledger.counts().inFlight()).isZero();
  }

  @Test
  void aBoundedNumberOfGroupsWithEqualRewardsIsFiltered() throws Exception {
    GroupLedger ledger = ledger(2, 0, 2, 10, true);
    int dispatched = 0;
    while (ledger.awaitBatch(NOW).isEmpty()) {
      for (GroupInFlight group : dispatchAll(ledger)) {
        complete(ledger, group, 1, 1);
        dispatched++;
      }
    }
    assertThat(ledger.counts().filtered()).isEqualTo(8);
    assertThat(dispatched).isEqualTo(10);
  }

  @Test
  void theBoundHoldsAndEveryGroupIsCountedOnceUnderRandomEvents() throws Exception {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      int asyncLevel = random.nextInt(4);
      int perBatch = 1 + random.nextInt(4);
      GroupLedger ledger =
          ledger(perBatch, asyncLevel, 1 + random.nextInt(12), 20, random.nextBoolean());
      List<GroupInFlight> inFlight = new ArrayList<>();
      long version = 0;
      long batches = 0;
      long dispatched = 0;
      for (int event = 0; event < 2_000 && batches < 20; event++) {
        switch (random.nextInt(4)) {
          case 0 -> {
            if (ledger.awaitAdmission(NOW) instanceof Admission.Open open) {
              assertThat(open.policyVersion()).isEqualTo(version);
              inFlight.add(dispatch(ledger, version));
              dispatched++;
            }
          }
          case 1 -> {
            if (!inFlight.isEmpty()) {
              GroupInFlight group = inFlight.remove(random.nextInt(inFlight.size()));
              if (group.calls().cancelled()) {
                ledger.ended(group, new GroupOutcome.Dropped());
              } else if (random.nextInt(10) == 0) {
                ledger.ended(group, new GroupOutcome.Failed());
              } else {
                complete(ledger, group, random.nextInt(2), random.nextInt(2));
              }
            }
          }
          case 2 -> {
            Optional<TakenBatch> batch = ledger.awaitBatch(NOW);
            if (batch.isPresent()) {
              batches++;
              ledger.handed();
              assertThat(batch.get().groups()).hasSize(perBatch);
              for (Group group : batch.get().groups()) {
                assertThat(batches - 1 - group.dispatchVersion()).isBetween(0L, (long) asyncLevel);
              }
            }
          }
          default -> {
            if (version < batches && random.nextBoolean()) {
              ledger.advanceTo(++version);
            }
          }
        }
        GroupCounts counts = ledger.counts();
        assertThat(counts.dispatched()).isEqualTo(dispatched);
        assertThat(sum(counts)).isEqualTo(dispatched);
        assertThat(counts.inFlight()).isEqualTo(inFlight.size());
      }
      assertThat(batches).as("batches with seed %d", seed).isGreaterThan(3);
      ledger.stop();
      inFlight.forEach(group -> ledger.ended(group, new GroupOutcome.Dropped()));
      assertThat(sum(ledger.counts())).isEqualTo(dispatched);
      assertThat(ledger.counts().inFlight() + ledger.counts().ready()).isZero();
    }
  }

  private static long sum(GroupCounts c) {
    return c.packed()
        + c.filtered()
        + c.stale()
        + c.failed()
        + c.stopped()
        + c.inFlight()
        + c.ready();
  }

  private static GroupLedger ledger(
      int groupsPerBatch, int asyncLevel, int maxInflightGroups, long steps, boolean filter) {
    TestConfig config = new TestConfig();
    config.servers = List.of(new ServerAddress(URI.create("http://h:1"), URI.create("http://h:2")));
    config.groupsPerBatch = groupsPerBatch;
    config.asyncLevel = asyncLevel;
    config.maxInflightGroups = maxInflightGroups;
    config.steps = steps;
    config.filterZeroAdvantage = filter;
    config.stragglerWait = 0;
    return new GroupLedger(
        config.build(), Advantage.MEAN, new DropCounts(), config.steps, MonotonicClock.SYSTEM);
  }

  private List<GroupInFlight> dispatchAll(GroupLedger ledger) throws InterruptedException {
    List<GroupInFlight> groups = new ArrayList<>();
    while (ledger.awaitAdmission(NOW) instanceof Admission.Open open) {
      groups.add(dispatch(ledger, open.policyVersion()));
    }
    return groups;
  }

  private GroupInFlight dispatch(GroupLedger ledger, long version) {
    long number = names++;
    GroupInFlight group =
        new GroupInFlight(
            number,
            NumberTurns.three(),
            new Problem(Split.TRAIN, number, "p" + number),
            version,
            SamplingDistribution.atTemperature(1),
            2);
    ledger.dispatched(group);
    return group;
  }

  private static void complete(
      GroupLedger ledger, GroupInFlight group, double reward, double other) {
    Trajectory trajectory =
        new Trajectory.Builder()
            .observe(new int[] {1})
            .generate(new int[] {2}, new float[] {-1}, new int[] {group.dispatchVersion()})
            .build();
    assertThat(group.ended(0, new RolloutResult.Done(trajectory, reward, Map.of(), "stop", 1)))
        .isEmpty();
    GroupOutcome outcome =
        group
            .ended(1, new RolloutResult.Done(trajectory, other, Map.of(), "stop", 1))
            .orElseThrow();
    assertThat(((GroupOutcome.Complete) outcome).group().rollouts())
        .extracting(Rollout::reward)
        .containsExactly(reward, other);
    ledger.ended(group, outcome);
  }
}

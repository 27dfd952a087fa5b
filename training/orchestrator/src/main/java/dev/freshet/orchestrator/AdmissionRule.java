package dev.freshet.orchestrator;

import dev.freshet.trace.MonotonicClock;
import java.util.Optional;

/**
 * Whether another group may be dispatched: it must still enter a batch within the staleness bound
 * after all groups before it. No group of policy version s is admitted before batch s is handed
 * over, so that what it is drawn from is in the journal. Used under the ledger's lock.
 */
final class AdmissionRule {
  private final int groupsPerBatch;
  private final int asyncLevel;
  private final int maxInflightGroups;
  private final long batches;
  private final MonotonicClock clock;
  private Optional<Long> heldSince = Optional.empty();

  /**
   * The groups of a run now.
   *
   * @param inFlight groups that generate
   * @param ready groups that wait for a batch
   * @param over whether no group is dispatched any more, whatever the rule says
   */
  record Pipeline(
      int inFlight,
      int ready,
      long policyVersion,
      long batchesTaken,
      long batchesHanded,
      boolean over) {
    int generated() {
      return inFlight + ready;
    }
  }

  /**
   * @param batches of the whole run
   */
  AdmissionRule(OrchestratorConfig config, long batches, MonotonicClock clock) {
    this.groupsPerBatch = config.groupsPerBatch();
    this.asyncLevel = config.asyncLevel();
    this.maxInflightGroups = config.maxInflightGroups();
    this.batches = batches;
    this.clock = clock;
  }

  /** What the rule says; it remembers since when the pipeline is held. */
  Admission admission(Pipeline now) {
    boolean over = now.over() || now.batchesTaken() == batches;
    boolean bound =
        now.generated()
            >= (now.policyVersion() + 1 + asyncLevel - now.batchesTaken()) * groupsPerBatch;
    boolean held = !over && bound && now.inFlight() == 0 && now.ready() < groupsPerBatch;
    heldSince = held ? heldSince.or(() -> Optional.of(clock.nanos())) : Optional.empty();
    if (over) {
      return new Admission.Over();
    }
    if (held) {
      return new Admission.Held(now.policyVersion(), heldSince.orElseThrow());
    }
    if (now.generated() >= (batches - now.batchesTaken()) * groupsPerBatch) {
      return new Admission.Full("all groups of the run are dispatched");
    }
    if (bound) {
      return new Admission.Full(
          "the staleness bound: %d groups at policy version %d, %d batches taken"
              .formatted(now.generated(), now.policyVersion(), now.batchesTaken()));
    }
    if (now.policyVersion() > now.batchesHanded()) {
      return new Admission.Full(
          "batch %d is not handed over yet, but policy version %d is served"
              .formatted(now.batchesHanded() + 1, now.policyVersion()));
    }
    if (now.inFlight() >= maxInflightGroups) {
      return new Admission.Full("the limit of %d groups in flight".formatted(maxInflightGroups));
    }
    return new Admission.Open(now.policyVersion());
  }
}

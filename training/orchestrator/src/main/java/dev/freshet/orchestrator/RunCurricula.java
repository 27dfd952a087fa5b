package dev.freshet.orchestrator;

import dev.freshet.environments.Curriculum;
import dev.freshet.environments.EnvironmentMix;
import dev.freshet.rollouts.Group;
import dev.freshet.rollouts.JournalRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the curricula of a run learn, and when: the outcomes of the groups that have ended, in the
 * order of their dispatch, whenever a batch was taken. So with async level 0 the draws do not
 * depend on which group ended first, and the state after a batch, which is in the journal, has the
 * outcomes of exactly those groups that are no longer in it. Thread-safe.
 */
final class RunCurricula {
  private final EnvironmentMix environments;
  private final Map<Long, Outcome> outcomes = new HashMap<>();

  /** A group that is complete, but still in the journal. */
  private record Outcome(GroupInFlight group, List<Double> rewards) {}

  RunCurricula(EnvironmentMix environments) {
    this.environments = environments;
  }

  /** A group is complete. */
  synchronized void completed(GroupInFlight group, Group complete) {
    outcomes.put(group.number(), new Outcome(group, complete.rewards()));
  }

  /** Learns the outcomes of groups that are needed no more, those of them that were completed. */
  synchronized void learn(List<Long> ended) {
    for (long number : ended.stream().sorted().toList()) {
      Optional.ofNullable(outcomes.remove(number))
          .ifPresent(
              outcome ->
                  environments.scored(
                      outcome.group().environment(),
                      outcome.group().problem().index(),
                      outcome.rewards()));
    }
  }

  /** The state for the journal, by the names of the environments. */
  Map<String, JournalRecord.Levels> state() {
    Map<String, JournalRecord.Levels> states = new TreeMap<>();
    environments
        .curricula()
        .forEach(
            (name, curriculum) -> {
              Curriculum.Snapshot now = curriculum.snapshot();
              states.put(name, new JournalRecord.Levels(now.drawn(), now.owed(), now.passRates()));
            });
    return states;
  }

  /** Continues from a state of the journal; a curriculum that is not in it stays as it is. */
  void restore(Map<String, JournalRecord.Levels> states) {
    environments
        .curricula()
        .forEach(
            (name, curriculum) ->
                Optional.ofNullable(states.get(name))
                    .ifPresent(
                        state ->
                            curriculum.restore(
                                new Curriculum.Snapshot(
                                    state.drawn(), state.owed(), state.passRates()))));
  }
}

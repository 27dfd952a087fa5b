package dev.freshet.analysis;

import dev.freshet.trace.time.RoleState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The rule about the time that the roles of a run wait. */
final class TimeRules {
  /** A smaller share of a role's time is not worth a change. */
  private static final double SHARE = 0.1;

  /** Above this share a role works all the time. */
  private static final double BUSY = 0.8;

  /** What a run is there for. */
  private static final Set<RoleState> WORK =
      EnumSet.of(RoleState.GENERATING, RoleState.TRAINING, RoleState.EVALUATING, RoleState.OTHER);

  private record Lost(TimeShares role, RoleState state) {
    double share() {
      return role.share(state);
    }
  }

  private TimeRules() {}

  /** The orchestrator or the trainer waits for a tenth of the time or more. */
  static Optional<Finding> slowerThanItCouldBe(Facts facts) {
    return facts.shares().stream()
        .filter(role -> role.server().isEmpty() && !role.role().equals("inference"))
        .flatMap(
            role ->
                role.states().keySet().stream()
                    .filter(state -> !WORK.contains(state))
                    .map(state -> new Lost(role, state)))
        .filter(lost -> lost.share() >= SHARE)
        .max(Comparator.comparingDouble(Lost::share))
        .map(lost -> finding(facts, lost));
  }

  private static Finding finding(Facts facts, Lost lost) {
    List<String> evidence = new ArrayList<>();
    for (TimeShares role : facts.shares()) {
      evidence.add(
          Text.of(
              "%s, over %s: %s (%s).",
              role.name(),
              Text.count(role.steps(), "step"),
              role.inWords(),
              facts.at(role.source(), role.line())));
    }
    return new Finding(
        Signature.WAITED,
        Severity.GOOD,
        Confidence.of(lost.share(), 1, (int) Math.min(lost.role().steps(), Integer.MAX_VALUE))
            .value(),
        Text.of(
            "the run is slower than it could be: %s of the %s's time went to %s",
            Text.percent(lost.share()), lost.role().role(), lost.state().waitedFor()),
        evidence,
        advice(facts, lost.state()));
  }

  private static String advice(Facts facts, RoleState state) {
    return switch (state) {
      case HELD ->
          isBusy(facts, "trainer", RoleState.TRAINING)
              ? "Generation waits for the trainer, which trains all the time: give the trainer more"
                  + " processors or GPUs, or the servers fewer."
              : "Generation waits for the trainer, and the trainer for batches: they take turns. A higher"
                  + " orchestrator.async_level lets them work at the same time.";
      case BATCH ->
          isBusy(facts, "orchestrator", RoleState.GENERATING)
              ? "The trainer waits while completions run: more or faster servers, more groups in flight"
                  + " (orchestrator.max_inflight_groups), or shorter answers."
              : "The trainer waits for batches, and generation for something else: see its states in the"
                  + " evidence. If it is held, a higher orchestrator.async_level lets both work at the same"
                  + " time.";
      case ENVIRONMENT ->
          "No completion runs while environments answer: more threads for them"
              + " (orchestrator.environment_threads), more groups in flight"
              + " (orchestrator.max_inflight_groups), or a faster environment.";
      case PLACE ->
          "Rollouts wait for a server that may have them, or for a place at their environment: look for"
              + " servers out of rotation, or let the environment have more episodes.";
      case UPDATING ->
          "The servers change weights while nothing is generated: a higher orchestrator.async_level, or"
              + " faster updates.";
      case SNAPSHOT, PUBLISHING ->
          "The trainer waits for its checkpoints: faster or local storage, or trainer.checkpoint_every"
              + " less often.";
      case PAUSED, IDLE, GENERATING, EVALUATING, TRAINING, OTHER ->
          "Find out who waits for whom: ./freshet waits URL...";
    };
  }

  private static boolean isBusy(Facts facts, String role, RoleState work) {
    return facts.shares().stream()
        .anyMatch(
            time ->
                time.role().equals(role) && time.server().isEmpty() && time.share(work) >= BUSY);
  }
}

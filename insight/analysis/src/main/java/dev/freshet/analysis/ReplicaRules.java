package dev.freshet.analysis;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Rules about the states in which the logs leave the servers of a fleet: which of them receive no
 * requests, since when, and who must act. A server has one of these findings at most, the gravest.
 */
final class ReplicaRules {
  private static final String PAUSED = "paused";
  private static final String UNKNOWN = "unknown";
  private static final String QUARANTINED = "quarantined";
  private static final String GONE = "gone";

  /**
   * How long a pause of an update may last while the logs are written; or so many times the longest
   * update before it, as large models load for long.
   */
  private static final double PAUSE_MS = 600_000;

  private static final double TIMES_LONGEST = 3;

  private static final int OFTEN = 3;
  private static final int EXAMPLES = 5;
  private static final double CERTAIN = 0.95;
  private static final double LIKELY = 0.7;

  private ReplicaRules() {}

  /** A pause that no resume has followed. */
  static Optional<Finding> paused(Facts facts) {
    List<FleetHistory.Replica> left = those(facts, replica -> isPaused(facts, replica));
    if (left.isEmpty()) {
      return Optional.empty();
    }
    FleetHistory.Replica first = left.getFirst();
    boolean inUpdate = first.state().equals(PAUSED);
    return Optional.of(
        new Finding(
            Signature.REPLICA_PAUSED,
            Severity.CRITICAL,
            CERTAIN,
            "%s %s, and no resume has followed%s"
                .formatted(
                    first.server(),
                    since(first, inUpdate ? PAUSED : "%s and left paused".formatted(first.state())),
                    others(left)),
            evidence(left),
            inUpdate
                ? "The update that paused it has no end in the logs. Do not resume the server by hand: its"
                    + " weights may be missing or mixed. A front that is started again finishes or undoes"
                    + " the update; otherwise freshet update loads a checkpoint and resumes the server."
                : "Do not resume it by hand: its weights may be missing or mixed. Let the fleet load the"
                    + " current weights; if the state lasts, restart the server, and the fleet catches it"
                    + " up."));
  }

  private static boolean isPaused(Facts facts, FleetHistory.Replica replica) {
    if (replica.serves() || !replica.paused()) {
      return false;
    }
    double longest =
        facts.fleet.updates().stream().mapToDouble(FleetHistory.Update::wallMs).max().orElse(0);
    boolean recent =
        !(facts.newestMillis() - replica.sinceMillis()
            > Math.max(PAUSE_MS, TIMES_LONGEST * longest));
    return !(facts.growing && replica.state().equals(PAUSED) && recent);
  }

  /** An answer that was not clear, so that a load may still be running. */
  static Optional<Finding> unknown(Facts facts) {
    List<FleetHistory.Replica> now =
        those(facts, replica -> !isPaused(facts, replica) && replica.state().equals(UNKNOWN));
    List<FleetHistory.Replica> often = those(facts, replica -> replica.times(UNKNOWN) > 1);
    if (now.isEmpty() && often.isEmpty()) {
      return Optional.empty();
    }
    FleetHistory.Replica first = (now.isEmpty() ? often : now).getFirst();
    return Optional.of(
        new Finding(
            Signature.REPLICA_UNKNOWN,
            now.isEmpty() ? Severity.WARNING : Severity.CRITICAL,
            now.isEmpty() ? LIKELY : CERTAIN,
            now.isEmpty()
                ? Text.of(
                    "%d updates ended without a clear answer of %s",
                    first.times(UNKNOWN), first.server())
                : "%s %s%s".formatted(first.server(), since(first, UNKNOWN), others(now)),
            evidence(now.isEmpty() ? often : now),
            "A load was not answered within its deadline and may still be running, so the fleet asks and"
                + " never posts it again. Raise the deadline above the longest load; if the server stays"
                + " unknown, restart it, and the fleet catches it up."));
  }

  /** A server that does not serve the policy version, or serves it only now and then. */
  static Optional<Finding> quarantined(Facts facts) {
    List<FleetHistory.Replica> now =
        those(
            facts,
            replica ->
                !isPaused(facts, replica)
                    && (replica.state().equals(QUARANTINED) || replica.state().equals(GONE)));
    List<FleetHistory.Replica> often =
        those(facts, replica -> replica.times(QUARANTINED) + replica.times(GONE) >= OFTEN);
    if (now.isEmpty() && often.isEmpty()) {
      return Optional.empty();
    }
    FleetHistory.Replica first = (now.isEmpty() ? often : now).getFirst();
    boolean none = facts.fleet.replicas().stream().noneMatch(FleetHistory.Replica::serves);
    return Optional.of(
        new Finding(
            Signature.REPLICA_QUARANTINED,
            none ? Severity.CRITICAL : Severity.WARNING,
            now.isEmpty() ? LIKELY : CERTAIN,
            now.isEmpty()
                ? Text.of(
                    "%s left the rotation %d times",
                    first.server(), first.times(QUARANTINED) + first.times(GONE))
                : "%s %s%s%s"
                    .formatted(
                        first.server(),
                        since(first, first.state()),
                        others(now),
                        none ? "; no server serves" : ""),
            evidence(now.isEmpty() ? often : now),
            "The fleet asks a server that is out of rotation and catches it up beside the traffic. Start"
                + " one that is gone; if the catch-up of another fails again and again, its log line says"
                + " why: a checkpoint path that does not exist there, or too short a deadline."));
  }

  private static List<FleetHistory.Replica> those(
      Facts facts, Predicate<FleetHistory.Replica> which) {
    return facts.fleet.replicas().stream()
        .filter(which)
        .sorted(Comparator.comparingDouble(FleetHistory.Replica::sinceMillis))
        .toList();
  }

  private static String others(List<FleetHistory.Replica> replicas) {
    return replicas.size() < 2 ? "" : Text.of(" (and %d more)", replicas.size() - 1);
  }

  private static String since(FleetHistory.Replica replica, String state) {
    return "is %s%s"
        .formatted(
            state,
            Double.isFinite(replica.sinceMillis())
                ? " since " + Instant.ofEpochMilli(Math.round(replica.sinceMillis()))
                : "");
  }

  private static List<String> evidence(List<FleetHistory.Replica> replicas) {
    List<String> evidence = new ArrayList<>();
    for (FleetHistory.Replica replica : replicas.subList(0, Math.min(EXAMPLES, replicas.size()))) {
      evidence.add(
          Text.of(
              "%s%s %s, version %s%s, incarnation %s; quarantined %d, unknown %d, gone %d times (%s).",
              replica.server(),
              replica.kind().isEmpty() ? "" : " (" + replica.kind() + ")",
              since(replica, replica.state()),
              number(replica.version()),
              replica.paused() ? ", paused" : "",
              number(replica.incarnation()),
              replica.times(QUARANTINED),
              replica.times(UNKNOWN),
              replica.times(GONE),
              replica.where()));
    }
    return evidence;
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "unknown" : Text.of("%.0f", value);
  }
}

package dev.freshet.analysis;

import dev.freshet.trace.FleetPhase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Rules about the updates of a fleet: a server that all wait for, one that is left out, failures.
 */
final class FleetUpdateRules {
  private static final int FEW = 3;
  private static final int EXAMPLES = 3;

  /** How many times as long as the others' a phase must take, and by how much longer. */
  private static final double SLOW = 2;

  private static final double SLACK_MS = 50;
  private static final double CRITICAL_MS = 1000;

  private FleetUpdateRules() {}

  /** A phase of one server that is longer than that of the others. */
  private record Slow(
      String server, FleetPhase phase, int updates, List<Longer> longer, double times) {
    double excessMs() {
      return Samples.median(
          longer.stream().mapToDouble(one -> one.ms() - one.othersMs()).toArray());
    }
  }

  private record Longer(FleetHistory.Update update, double ms, double othersMs) {}

  /** One server that most updates wait for. */
  static Optional<Finding> slowReplica(Facts facts) {
    return facts.fleet.replicas().stream()
        .flatMap(
            replica ->
                List.of(FleetPhase.values()).stream()
                    .filter(phase -> phase != FleetPhase.UNDO)
                    .flatMap(phase -> slow(facts, replica.server(), phase).stream()))
        .max(Comparator.comparingDouble(Slow::excessMs))
        .map(FleetUpdateRules::finding);
  }

  private static Optional<Slow> slow(Facts facts, String server, FleetPhase phase) {
    int updates = 0;
    List<Longer> longer = new ArrayList<>();
    for (FleetHistory.Update update : facts.fleet.updates()) {
      double own = Double.NaN;
      List<Double> others = new ArrayList<>();
      for (FleetHistory.Row row : update.rows()) {
        double ms = row.ms(phase);
        if (row.server().equals(server)) {
          own = ms;
        } else if (!Double.isNaN(ms)) {
          others.add(ms);
        }
      }
      double median = Samples.median(others.stream().mapToDouble(ms -> ms).toArray());
      if (!Double.isNaN(own + median)) {
        updates++;
        if (own >= SLOW * median && own - median >= SLACK_MS) {
          longer.add(new Longer(update, own, median));
        }
      }
    }
    if (updates < FEW || longer.size() < FEW || longer.size() * 2 < updates) {
      return Optional.empty();
    }
    double times =
        Samples.median(longer.stream().mapToDouble(one -> one.ms() / one.othersMs()).toArray());
    return Optional.of(new Slow(server, phase, updates, longer, times));
  }

  private static Finding finding(Slow slow) {
    List<String> evidence = new ArrayList<>();
    evidence.add(
        Text.of(
            "%s takes a median of %s there, the others %s: every update waits %s longer.",
            slow.phase().wireName(),
            Text.ms(median(slow, true)),
            Text.ms(median(slow, false)),
            Text.ms(slow.excessMs())));
    slow.longer().stream()
        .sorted(Comparator.comparingDouble((Longer one) -> one.ms() - one.othersMs()).reversed())
        .limit(EXAMPLES)
        .forEach(
            one ->
                evidence.add(
                    Text.of(
                        "Update to version %.0f: %s against %s (%s).",
                        one.update().version(),
                        Text.ms(one.ms()),
                        Text.ms(one.othersMs()),
                        one.update().where())));
    double share = (double) slow.longer().size() / slow.updates();
    return new Finding(
        Signature.REPLICA_SLOW,
        slow.excessMs() >= CRITICAL_MS ? Severity.CRITICAL : Severity.WARNING,
        Confidence.of(share, slow.times(), slow.updates()).value(),
        Text.of(
            "%s takes %.1f times the others' %s in %d of %d updates",
            slow.server(),
            slow.times(),
            slow.phase().wireName(),
            slow.longer().size(),
            slow.updates()),
        evidence,
        "An update is as slow as its slowest server: compare the storage, the page cache, the load and the"
            + " hardware of its host with the others'.");
  }

  private static double median(Slow slow, boolean own) {
    return Samples.median(
        slow.longer().stream().mapToDouble(one -> own ? one.ms() : one.othersMs()).toArray());
  }

  /** A server that committed updates are made without. */
  static Optional<Finding> versionSkew(Facts facts) {
    int committed = facts.fleet.committed().size();
    List<FleetHistory.Replica> behind =
        facts.fleet.replicas().stream()
            .filter(r -> r.missed() > 1 && r.missed() >= Effect.SHARE * committed)
            .sorted(Comparator.comparingInt(FleetHistory.Replica::missed).reversed())
            .toList();
    if (behind.isEmpty()) {
      return Optional.empty();
    }
    FleetHistory.Replica most = behind.getFirst();
    boolean now = behind.stream().anyMatch(replica -> !replica.serves());
    return Optional.of(
        new Finding(
            Signature.VERSION_SKEW,
            now ? Severity.CRITICAL : Severity.WARNING,
            Confidence.of((double) most.missed() / committed, most.behind(), most.missed())
                .agrees()
                .value(),
            Text.of(
                "%s missed %d of %d updates and fell %.0f versions behind",
                most.server(), most.missed(), committed, most.behind()),
            behind.stream()
                .limit(EXAMPLES)
                .map(
                    replica ->
                        Text.of(
                            "%s missed %s, was up to %.0f versions behind, and is %s (%s).",
                            replica.server(),
                            Text.count(replica.missed(), "update"),
                            replica.behind(),
                            replica.state(),
                            replica.where()))
                .toList(),
            "Updates are committed without it, and it generates nothing meanwhile. The warnings beside these"
                + " lines say why it was left out: mend that, or remove it from orchestrator.servers."));
  }

  /** Updates that did not advance the policy version. */
  static Optional<Finding> rollBack(Facts facts) {
    List<FleetHistory.Update> all = facts.fleet.updates();
    List<FleetHistory.Update> failed = all.stream().filter(u -> !u.committed()).toList();
    boolean last = !failed.isEmpty() && failed.getLast().equals(all.getLast());
    if (!last && (failed.size() < 2 || failed.size() < Effect.SHARE * all.size())) {
      return Optional.empty();
    }
    Map<String, Integer> culprits = new HashMap<>();
    failed.forEach(
        update ->
            update.rows().stream()
                .filter(FleetHistory.Row::failed)
                .forEach(row -> culprits.merge(row.server(), 1, Integer::sum)));
    int inARow = 0;
    for (int i = all.size() - 1; i >= 0 && !all.get(i).committed(); i--) {
      inARow++;
    }
    List<String> evidence = new ArrayList<>();
    culprits.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(EXAMPLES)
        .forEach(
            one -> evidence.add(Text.of("%s failed in %d of them.", one.getKey(), one.getValue())));
    failed.reversed().stream()
        .limit(EXAMPLES)
        .forEach(
            update ->
                evidence.add(
                    Text.of(
                        "The update to version %.0f was %s (%s).",
                        update.version(), inWords(update.outcome()), update.where())));
    return Optional.of(
        new Finding(
            Signature.ROLL_BACK,
            inARow > 1 ? Severity.CRITICAL : Severity.WARNING,
            Confidence.of((double) failed.size() / all.size(), 1, failed.size()).agrees().value(),
            Text.of(
                "%d of %d updates were rolled back or refused%s",
                failed.size(),
                all.size(),
                inARow > 1 ? Text.of(", the last %d in a row", inARow) : ""),
            evidence,
            "The servers keep the version before, and rollouts grow stale. Fewer servers than the quorum moved:"
                + " the reason of each is in the warnings before these lines. Mend or restart the server named"
                + " most often, or lower orchestrator.update_quorum."));
  }

  private static String inWords(String outcome) {
    return outcome.replace('_', ' ');
  }
}

package dev.freshet.fleet;

import dev.freshet.trace.FleetPhase;
import java.net.URI;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How an update of the fleet ended.
 *
 * @param version the version that it was to make
 * @param served the policy version after it
 * @param replicas what it did on each replica that was serving, in the order of the configuration
 * @param wallMs from its beginning to its end
 * @param why why it was not committed
 */
public record UpdateResult(
    long version,
    long served,
    Outcome outcome,
    List<ReplicaResult> replicas,
    double wallMs,
    Optional<String> why) {
  /** What became of the policy version. */
  public enum Outcome {
    /** It advanced: the replicas that were not left out serve it. */
    COMMITTED,
    /** It stayed: fewer replicas than the quorum moved, and they were put back. */
    ROLLED_BACK,
    /** It stayed: no replica was changed, because the checkpoint is not accepted. */
    REFUSED;

    /** The name in logs, metrics and JSON. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What took the longest.
   *
   * @param replica the slowest replica
   * @param phase its slowest phase
   */
  public record Blame(ReplicaResult replica, FleetPhase phase, double ms) {
    /** In words. */
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT, "%s of %s took %.1f ms", phase.wireName(), replica.server(), ms);
    }
  }

  public UpdateResult {
    replicas = List.copyOf(replicas);
  }

  public boolean committed() {
    return outcome == Outcome.COMMITTED;
  }

  /** The slowest phase of all replicas; empty if none was asked. */
  public Optional<Blame> blame() {
    return replicas.stream()
        .flatMap(
            r ->
                r.phases().entrySet().stream()
                    .map(phase -> new Blame(r, phase.getKey(), phase.getValue())))
        .max(Comparator.comparingDouble(Blame::ms));
  }

  /** Why each replica that was left out was. */
  public List<String> failures() {
    return Stream.concat(why.stream(), replicas.stream().flatMap(r -> r.failure().stream()))
        .distinct()
        .toList();
  }

  /** The same result with a further note on each of these servers. */
  UpdateResult noted(Map<URI, String> notes) {
    List<ReplicaResult> noted =
        replicas.stream()
            .map(r -> notes.containsKey(r.server()) ? r.noted(notes.get(r.server())) : r)
            .toList();
    return new UpdateResult(version, served, outcome, noted, wallMs, why);
  }

  /** One line for an error or a log. */
  @Override
  public String toString() {
    return "update to version %d %s%s"
        .formatted(
            version,
            outcome.wireName().replace('_', ' '),
            failures().stream()
                .collect(Collectors.joining("; ", failures().isEmpty() ? "" : ": ", "")));
  }
}

package dev.freshet.fleet;

import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an update did on one replica.
 *
 * @param server the root of its admin listener
 * @param dialect the name of its program
 * @param trace the id of its calls in the logs of both sides
 * @param version the version that it serves, as far as the update knows
 * @param moved whether it serves the target of the update and takes part in it
 * @param failure why it was left out of the update
 * @param rejected whether it answered that it does not accept these weights
 * @param phases how long each phase took, in milliseconds
 * @param wallMs from the beginning of the update to the end of its last phase, waits for other
 *     replicas included
 * @param parts the parts of the time of its weight operations, as client and server measured them
 * @param notes what it did differently from the update, a sentence each
 */
public record ReplicaResult(
    URI server,
    String dialect,
    TraceId trace,
    long version,
    boolean moved,
    Optional<String> failure,
    boolean rejected,
    Map<FleetPhase, Double> phases,
    double wallMs,
    PartTimes parts,
    List<String> notes) {
  public ReplicaResult {
    phases = Map.copyOf(phases);
    notes = List.copyOf(notes);
  }

  /** The same result with a further note. */
  ReplicaResult noted(String note) {
    List<String> more = new ArrayList<>(notes);
    more.add(note);
    return new ReplicaResult(
        server, dialect, trace, version, moved, failure, rejected, phases, wallMs, parts, more);
  }

  /** The parts of the time of its weight operations, with those that follow from others. */
  public AdminTimings timings() {
    return new AdminTimings(trace, "update_weights", server.toString(), parts);
  }

  /** How long a phase took; 0 if it had none. */
  public double ms(FleetPhase phase) {
    return phases.getOrDefault(phase, 0.0);
  }
}

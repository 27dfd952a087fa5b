package dev.freshet.analysis;

import dev.freshet.trace.EventLog;
import dev.freshet.trace.FleetLog;
import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.TraceId;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** The log of an orchestrator whose fleet is updated; {@link FleetLog} writes every line. */
public final class FleetLogs {
  private static final Instant BEGIN = Instant.parse("2026-01-02T03:04:05Z");

  private final StringBuilder text = new StringBuilder();
  private final FleetLog log = new EventLog(this::append, () -> 0).fleet();
  private final Map<String, Map<FleetPhase, Double>> rows = new LinkedHashMap<>();
  private final Map<String, String> outcomes = new HashMap<>();
  private long seconds;
  private long traces;

  private void append(String line) {
    text.append(BEGIN.plusSeconds(seconds).toString().replace("Z", ".000Z"))
        .append(" INFO  orchestrator ")
        .append(line)
        .append('\n');
  }

  /** Lets time pass. */
  public FleetLogs after(long s) {
    seconds += s;
    return this;
  }

  /** The fleet begins, with servers that serve. */
  public FleetLogs begin(String... servers) {
    log.begun(0, servers.length);
    for (String server : servers) {
      state(server, "serving", 0, false);
    }
    return this;
  }

  /** A server gets a state. */
  public FleetLogs state(String server, String state, long version, boolean paused) {
    log.replicaState(server, state, version, 1, paused);
    return this;
  }

  /** A server leaves. */
  public FleetLogs left(String server) {
    log.replicaLeft(server);
    return this;
  }

  /** A server takes part in the next update. */
  public FleetLogs row(String server, String outcome, Map<FleetPhase, Double> phases) {
    rows.put(server, new EnumMap<>(phases));
    outcomes.put(server, outcome);
    return this;
  }

  /** An update of the rows so far ends. */
  public FleetLogs update(long version, String outcome) {
    after(10);
    rows.forEach(
        (server, phases) ->
            log.replicaDone(
                version,
                new FleetLog.ReplicaDone(
                    new TraceId(HexFormat.of().toHexDigits(++traces)),
                    server,
                    "vllm",
                    version,
                    outcomes.getOrDefault(server, ""),
                    OptionalDouble.of(2.5),
                    phases,
                    phases.values().stream().mapToDouble(ms -> ms).sum())));
    log.updateDone(version, outcome, rows.size(), 1234.5, Optional.empty());
    rows.clear();
    return this;
  }

  /** An update was interrupted. */
  public FleetLogs interrupted(long version) {
    log.interrupted(version, false);
    return this;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}

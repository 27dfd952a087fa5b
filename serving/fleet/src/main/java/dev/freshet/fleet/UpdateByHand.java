package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminResult;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.UpdateWeightsRequest;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One weight update of servers that need not belong to a run, as an operator requests it. */
public final class UpdateByHand implements AutoCloseable {
  /**
   * The result of an update.
   *
   * @param inspection what was inspected before any server was paused, if anything was
   * @param table the parts of the acknowledged updates' time; empty if there are none
   * @param notes what servers did differently from the request, one line each
   * @param failures one line for each server that did not acknowledge, or the one reason why none
   *     was asked
   */
  public record Outcome(
      Optional<String> inspection,
      Optional<String> table,
      List<String> notes,
      List<String> failures) {}

  private final List<ReplicaAdmin> servers = new ArrayList<>();
  private final ParallelUpdate updates = new ParallelUpdate();
  private final Dialect dialect;
  private final Duration within;

  /**
   * @param admins the roots of the servers' admin listeners
   * @param within the deadline, retries included
   * @throws IllegalArgumentException if a URL is not the root of an HTTP listener
   */
  public UpdateByHand(
      List<URI> admins, Dialect dialect, Optional<AdminToken> token, Duration within) {
    this.dialect = dialect;
    this.within = within;
    EventLog unlogged = EventLog.silent(MonotonicClock.SYSTEM);
    for (URI admin : admins) {
      servers.add(
          new ReplicaAdmin(
              admin, dialect, AdminDeadlines.DEFAULT.withUpdate(within), token, unlogged));
    }
  }

  /** Updates all servers at once. An interrupt of the calling thread ends every update at once. */
  public Outcome run(UpdateWeightsRequest request) throws InterruptedException {
    Optional<String> inspection;
    try {
      List<AdminClient> clients = servers.stream().map(ReplicaAdmin::client).toList();
      inspection = dialect.inspect(request, clients).map(CheckpointInspection::toString);
    } catch (FleetException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException(e.getMessage());
      }
      return new Outcome(Optional.empty(), Optional.empty(), List.of(), List.of(OneLine.of(e)));
    }
    return update(request, inspection);
  }

  private Outcome update(UpdateWeightsRequest request, Optional<String> inspection)
      throws InterruptedException {
    List<TraceId> traces = servers.stream().map(_ -> TraceId.random()).toList();
    Map<String, AdminResult> done = new LinkedHashMap<>();
    List<String> notes = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (ServerUpdate update : updates.run(servers, request, traces, within)) {
      switch (update) {
        case ServerUpdate.Acknowledged ok -> {
          done.put(ok.server().toString(), ok.result());
          ok.result().notes().forEach(note -> notes.add(ok.server() + ": " + note));
        }
        case ServerUpdate.Refused refused -> failures.add(refused.why());
        case ServerUpdate.Failed failed -> failures.add(failed.why());
      }
    }
    return new Outcome(
        inspection,
        done.isEmpty() ? Optional.empty() : Optional.of(UpdateTable.of(done)),
        notes,
        failures);
  }

  @Override
  public void close() {
    servers.forEach(ReplicaAdmin::close);
    updates.close();
  }
}

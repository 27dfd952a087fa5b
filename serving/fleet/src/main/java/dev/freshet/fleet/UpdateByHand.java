package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One weight update of servers that need not belong to a run, as an operator requests it. Several
 * servers are updated as one transaction; a single phase of it is posted to each.
 */
public final class UpdateByHand {
  /**
   * The result of an update.
   *
   * @param inspection what was inspected before any server was paused, if anything was
   * @param table the parts of the acknowledged updates' time, and of a transaction the phases on
   *     every server; empty if there are none
   * @param notes what servers did differently from the request, and what took the longest, one line
   *     each
   * @param failures one line for each server that did not acknowledge, or the one reason why none
   *     was asked
   */
  public record Outcome(
      Optional<String> inspection,
      Optional<String> table,
      List<String> notes,
      List<String> failures) {}

  private final List<ReplicaSpec> servers;
  private final Optional<AdminToken> token;
  private final Duration within;
  private final Optional<Path> journal;
  private final boolean compare;
  private final EventLog events;

  /**
   * @param servers their data address is not used
   * @param within the deadline of each phase, retries included
   * @param journal the file of the transactions; the next update with it finishes or undoes one
   *     that was interrupted
   * @param compare whether the weights of all servers are compared afterwards, by the checksums
   *     that their program computes
   * @param events takes the events of the update
   */
  public UpdateByHand(
      List<ReplicaSpec> servers,
      Optional<AdminToken> token,
      Duration within,
      Optional<Path> journal,
      boolean compare,
      EventLog events) {
    this.events = events;
    this.servers = List.copyOf(servers);
    this.token = token;
    this.within = within;
    this.journal = journal;
    this.compare = compare;
  }

  /** Updates all servers. An interrupt of the calling thread ends every call at once. */
  public Outcome run(UpdateWeightsRequest request) throws InterruptedException {
    boolean whole = request.phase() == UpdatePhase.ALL && request.step().isPresent();
    return whole && (servers.size() > 1 || journal.isPresent() || compare)
        ? asOne(Target.of(request))
        : each(request);
  }

  private Outcome asOne(Target target) throws InterruptedException {
    FleetOptions options = FleetOptions.of(within).with(journal).comparing(compare);
    try (Fleet fleet = new Fleet(servers, token, options, UpdateJournal.NONE, events)) {
      fleet.adopt(within);
      UpdateResult result = fleet.updateUnknown(target);
      if (result.committed()) {
        fleet.settle();
      }
      return outcome(result, fleet);
    } catch (FleetException e) {
      return failed(e);
    }
  }

  private static Outcome outcome(UpdateResult result, Fleet fleet) {
    Map<String, AdminResult> done = new LinkedHashMap<>();
    List<String> notes = new ArrayList<>();
    for (ReplicaResult replica : result.replicas()) {
      replica.notes().forEach(note -> notes.add(replica.server() + ": " + note));
      if (replica.moved()) {
        done.put(replica.server().toString(), acknowledged(replica));
      }
    }
    result.blame().ifPresent(blame -> notes.add("slowest: " + blame));
    List<String> failures = new ArrayList<>(result.failures());
    for (ReplicaStatus status : fleet.replicas()) {
      status
          .why()
          .ifPresent(
              why ->
                  failures.add(status.server() + " is " + status.state().wireName() + ": " + why));
    }
    String tables =
        Stream.of(table(done), PhaseTable.of(result))
            .flatMap(Optional::stream)
            .collect(Collectors.joining(System.lineSeparator()));
    return new Outcome(
        Optional.empty(), Optional.of(tables).filter(text -> !text.isEmpty()), notes, failures);
  }

  private static AdminResult acknowledged(ReplicaResult replica) {
    return new AdminResult(
        replica.timings(), Long.toString(replica.version()), Optional.empty(), replica.notes());
  }

  private static Optional<String> table(Map<String, AdminResult> done) {
    return done.isEmpty() ? Optional.empty() : Optional.of(UpdateTable.of(done));
  }

  private Outcome failed(FleetException e) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException(e.getMessage());
    }
    return new Outcome(Optional.empty(), Optional.empty(), List.of(), List.of(OneLine.of(e)));
  }

  /** Posts the request to every server at once. */
  private Outcome each(UpdateWeightsRequest request) throws InterruptedException {
    Map<ReplicaSpec, AdminResult> done = new ConcurrentHashMap<>();
    Map<ReplicaSpec, String> failures = new ConcurrentHashMap<>();
    List<String> inspections = Collections.synchronizedList(new ArrayList<>());
    try (Parallel parallel = new Parallel()) {
      parallel.forEach(
          servers,
          server -> {
            try {
              done.put(server, update(server, request, inspections));
            } catch (AdminException | FleetException e) {
              failures.put(server, OneLine.of(e));
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
    }
    Map<String, AdminResult> results = new LinkedHashMap<>();
    List<String> notes = new ArrayList<>();
    for (ReplicaSpec server : servers) {
      String url = server.address().admin().toString();
      if (done.containsKey(server)) {
        results.put(url, done.get(server));
        done.get(server).notes().forEach(note -> notes.add(url + ": " + note));
      }
    }
    return new Outcome(
        inspections.stream().findFirst(),
        table(results),
        notes,
        servers.stream().filter(failures::containsKey).map(failures::get).toList());
  }

  private AdminResult update(
      ReplicaSpec spec, UpdateWeightsRequest request, List<String> inspections)
      throws InterruptedException {
    try (OneServer server = new OneServer(spec, within, token, events)) {
      server.inspect(request).ifPresent(inspections::add);
      AdminResult result = server.updateOnceReached(request, TraceId.random(), within);
      requireVersion(spec, request, result);
      return result;
    }
  }

  private static void requireVersion(
      ReplicaSpec spec, UpdateWeightsRequest request, AdminResult result) {
    boolean swaps = request.phase() == UpdatePhase.ALL || request.phase() == UpdatePhase.COMMIT;
    if (swaps
        && request.step().isPresent()
        && !result.weightVersion().equals(Long.toString(request.step().getAsLong()))) {
      throw new FleetException(
          "%s acknowledged version %s, expected %d"
              .formatted(
                  spec.address().admin(), result.weightVersion(), request.step().getAsLong()));
    }
  }
}

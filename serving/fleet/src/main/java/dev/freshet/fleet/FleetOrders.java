package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.fleet.OrderResult.Row;
import dev.freshet.fleet.dialect.Controls;
import dev.freshet.fleet.dialect.Serving;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.PauseMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * What the clients of a front order of its whole fleet, on the fleet's own threads: updates,
 * pauses, aborts, adapters. One order is carried out at a time; the same one posted again joins it.
 * A pause is in force on all replicas that serve or on none, and while it is, requests wait. Only
 * {@link #resume} ends it: an update within it leaves the replicas paused. Futures fail with {@link
 * OrderException}, as the methods do for what is known at once. Thread-safe.
 */
public final class FleetOrders {
  private final ElasticFleet fleet;
  private final Broadcast broadcast;

  public FleetOrders(ElasticFleet fleet) {
    this.fleet = fleet;
    this.broadcast = new Broadcast(fleet.parallel(), fleet.setting().deadlines());
  }

  /** Whether a client has paused the fleet. */
  public boolean paused() {
    return fleet.isPaused();
  }

  /**
   * Makes all replicas serve {@code target}, as one transaction.
   *
   * @param trace identifies the update: one that has succeeded is not carried out again
   * @throws dev.freshet.wire.WireException if a program of the fleet cannot do what it says
   */
  public CompletableFuture<UpdateResult> update(Target target, TraceId trace) {
    UpdateOrder update = new UpdateOrder(fleet, target, trace);
    update.check();
    return fleet
        .orders()
        .submit(update.order(), Optional.of(trace), UpdateResult.class, update::carryOut);
  }

  /**
   * Names the weights of the last update, as {@link ElasticFleet#weightVersion} reports it until
   * the next one.
   *
   * @throws OrderException if there was no update
   */
  public void name(String name) {
    fleet.name(name);
  }

  /**
   * The version to make of a checkpoint whose client names none: above the policy version, and
   * above what replicas serve that an earlier fleet has updated.
   */
  public long nextVersion() {
    long served =
        fleet
            .members()
            .read(all -> all.stream().mapToLong(r -> r.life().version()).max().orElse(0));
    return Math.max(Math.max(0, served), fleet.table().policyVersion()) + 1;
  }

  /** Pauses every replica that serves; if one fails, resumes the others. */
  public CompletableFuture<OrderResult> pause(PauseMode mode, boolean clearCache) {
    return submit("pause", List.of(mode, clearCache), () -> pauseAll(mode, clearCache));
  }

  private OrderResult pauseAll(PauseMode mode, boolean clearCache) {
    List<Replica> serving = serving();
    broadcast.requireSupported(serving, controls -> controls.pause(mode, clearCache));
    boolean before = fleet.isPaused();
    fleet.paused(true);
    fleet.members().pausedByClient(serving);
    fleet.members().withhold(true);
    List<Row> rows = broadcast.send(serving, controls -> controls.pause(mode, clearCache), "pause");
    if (rows.stream().noneMatch(Row::failed)) {
      return new OrderResult(rows, true, Optional.empty());
    }
    if (before) {
      return new OrderResult(
          rows, false, Optional.of("the earlier pause stays in force: post /resume to end it"));
    }
    List<String> still = resumed(serving).notResumed();
    return new OrderResult(
        rows,
        false,
        Optional.of(
            still.isEmpty()
                ? "the pause was undone: no replica is paused"
                : "the pause was undone except on %s, which may still be paused; the fleet resumes it"
                    .formatted(String.join(", ", still))));
  }

  /** Resumes every replica that serves. One that is set aside is resumed by its catch-up. */
  public CompletableFuture<OrderResult> resume() {
    return submit(
        "resume",
        "",
        () -> {
          Resumed resumed = resumed(fleet.resumable());
          List<String> still = resumed.notResumed();
          return new OrderResult(
              resumed.rows(),
              still.isEmpty(),
              still.isEmpty()
                  ? Optional.empty()
                  : Optional.of(
                      "%s may still be paused and gets no requests; the fleet resumes it"
                          .formatted(String.join(", ", still))));
        });
  }

  private record Resumed(List<Row> rows) {
    List<String> notResumed() {
      return rows.stream().filter(Row::failed).map(row -> row.server().toString()).toList();
    }
  }

  private Resumed resumed(List<Replica> paused) {
    List<Row> rows = broadcast.send(paused, Controls::resume, "resume");
    List<Row> settled = new ArrayList<>();
    List<Replica> resumed = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      // A program without the route was not paused by it either.
      boolean noRoute = row.status() == 404;
      if (row.failed() && !noRoute) {
        leftPaused(paused.get(i), row.failure().orElseThrow());
      } else {
        fleet.members().resumedByClient(paused.get(i));
        resumed.add(paused.get(i));
      }
      settled.add(
          noRoute
              ? new Row(
                  row.server(),
                  row.dialect(),
                  Optional.empty(),
                  Optional.of("it has no such route"),
                  0,
                  Optional.empty())
              : row);
    }
    broadcast.each(resumed, this::requireVersion, "resume");
    fleet.paused(false);
    fleet.members().withhold(false);
    return new Resumed(settled);
  }

  /** One that was restarted in the pause accepts the resume too, with other weights. */
  private void requireVersion(Replica replica) {
    Asked asked = fleet.members().asked(replica);
    if (asked.state() != ReplicaState.SERVING || asked.version() == CatchUp.ANY) {
      return;
    }
    String found;
    try {
      Serving serving = replica.probe(asked.version());
      if (serving.name().isEmpty() || serving.serves(asked.version())) {
        return;
      }
      found = "it serves %s".formatted(serving.inWords());
    } catch (AdminException e) {
      found = OneLine.of(e);
    }
    var _ =
        fleet
            .members()
            .report(
                replica,
                asked,
                ReplicaState.QUARANTINED,
                "after the resume %s, expected version %d: it was restarted, or another program updates it; the fleet catches it up"
                    .formatted(found, asked.version()));
  }

  private void leftPaused(Replica replica, String why) {
    fleet.members().failed(replica, Math.max(0, fleet.table().policyVersion()));
    fleet
        .members()
        .setAside(
            replica,
            ReplicaState.QUARANTINED,
            why + "; it may still be paused, and the fleet resumes it");
  }

  /** Ends completions on every replica that serves, also while another order is carried out. */
  public CompletableFuture<OrderResult> abort(AbortRequest request) {
    CompletableFuture<OrderResult> result = new CompletableFuture<>();
    boolean begun =
        fleet
            .parallel()
            .begin(
                () -> {
                  try {
                    result.complete(plain(serving(), controls -> controls.abort(request), "abort"));
                  } catch (RuntimeException e) {
                    result.completeExceptionally(e);
                  }
                });
    return begun
        ? result
        : CompletableFuture.failedFuture(
            new OrderException(OrderException.Kind.INTERRUPTED, "the fleet is closed"));
  }

  /** Empties the prefix cache of every replica that serves. */
  public CompletableFuture<OrderResult> flush() {
    return submit("flush", "", () -> plain(serving(), Controls::flush, "flush"));
  }

  /** Loads an adapter on every replica that serves; if one fails, unloads it from the others. */
  public CompletableFuture<OrderResult> load(AdapterRequest adapter) {
    return submit(
        "load of adapter " + adapter.name(),
        adapter,
        () -> {
          List<Replica> serving = serving();
          OrderResult loaded = plain(serving, controls -> controls.load(adapter), "load");
          if (loaded.done()) {
            return loaded;
          }
          List<Replica> undo = new ArrayList<>();
          for (int i = 0; i < serving.size(); i++) {
            if (!loaded.replicas().get(i).failed()) {
              undo.add(serving.get(i));
            }
          }
          List<String> still =
              broadcast.send(undo, controls -> controls.unload(adapter), "unload").stream()
                  .filter(Row::failed)
                  .map(row -> row.server().toString())
                  .toList();
          return new OrderResult(
              loaded.replicas(),
              false,
              Optional.of(
                  still.isEmpty()
                      ? "no replica that answers has the adapter"
                      : "unload it by hand from " + String.join(", ", still)));
        });
  }

  /** Unloads an adapter from every replica that serves. */
  public CompletableFuture<OrderResult> unload(AdapterRequest adapter) {
    return submit(
        "unload of adapter " + adapter.name(),
        adapter,
        () -> plain(serving(), controls -> controls.unload(adapter), "unload"));
  }

  private OrderResult plain(List<Replica> replicas, Broadcast.Choice call, String what) {
    broadcast.requireSupported(replicas, call);
    List<Row> rows = broadcast.send(replicas, call, what);
    List<String> failed =
        rows.stream().filter(Row::failed).map(row -> row.server().toString()).toList();
    return new OrderResult(
        rows,
        failed.isEmpty(),
        failed.isEmpty()
            ? Optional.empty()
            : Optional.of("not done on %s: post it again".formatted(String.join(", ", failed))));
  }

  private List<Replica> serving() {
    List<Replica> serving = fleet.members().in(ReplicaState.SERVING);
    if (serving.isEmpty()) {
      throw new OrderException(OrderException.Kind.NO_REPLICA, "no replica serves; see /replicas");
    }
    return serving;
  }

  private CompletableFuture<OrderResult> submit(
      String what, Object content, Supplier<OrderResult> work) {
    return fleet
        .orders()
        .submit(new OneAtATime.Order(what, content), Optional.empty(), OrderResult.class, work);
  }
}

package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.VerifyLevel;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * An update that a client orders of an {@link ElasticFleet}: as one transaction of the replicas
 * that serve, or, if none does, by loading its weights on each that answers. Used by one thread.
 */
final class UpdateOrder {
  /** What tells one update from another: not the attempt. */
  record Content(
      long version,
      Optional<String> directory,
      UpdateMode mode,
      VerifyLevel verify,
      boolean force) {
    static Content of(Target target) {
      return new Content(
          target.version(), target.directory(), target.mode(), target.verify(), target.force());
    }
  }

  private final ElasticFleet fleet;
  private final Target target;
  private final TraceId trace;

  UpdateOrder(ElasticFleet fleet, Target target, TraceId trace) {
    this.fleet = fleet;
    this.target = target;
    this.trace = trace;
  }

  /**
   * Rejects what the fleet cannot carry out, before anything is changed.
   *
   * @throws OrderException if it is older than what the fleet serves and not forced
   * @throws dev.freshet.wire.WireException if a program cannot do it, naming the field
   */
  void check() {
    fleet.members().all().forEach(replica -> replica.dialect().check(target));
    Optional<Target> now = fleet.current().filter(t -> t.version() > target.version());
    if (now.isPresent() && !target.force()) {
      throw new OrderException(
          OrderException.Kind.CONFLICT,
          "the fleet serves version %d: expected a version from %d on, got %d; \"force\": true returns to an older one"
              .formatted(now.get().version(), now.get().version(), target.version()));
    }
  }

  OneAtATime.Order order() {
    return new OneAtATime.Order("update to version " + target.version(), Content.of(target));
  }

  /**
   * Carries it out.
   *
   * @throws OrderException if no replica answers, or the fleet is closed meanwhile
   */
  UpdateResult carryOut() {
    fleet.supersedes();
    UpdateResult result;
    try {
      result = fleet.members().in(ReplicaState.SERVING).isEmpty() ? revive() : transaction();
    } catch (InterruptedException e) {
      fleet.abandoned();
      throw new OrderException(
          OrderException.Kind.INTERRUPTED,
          "the update to version %d was interrupted: start the front again, which finishes or undoes it"
              .formatted(target.version()));
    }
    fleet.updated(target, trace, result);
    return result;
  }

  private UpdateResult transaction() throws InterruptedException {
    Optional<Target> previous = fleet.current().or(this::baseOfAll);
    FleetUpdate update = new FleetUpdate(fleet.setting(), target, previous);
    if (fleet.isPaused()) {
      update.withinPause();
    }
    UpdateResult result = update.run(t -> new CheckpointGate(fleet.members().all()).inspect(t));
    switch (result.outcome()) {
      case COMMITTED -> fleet.current(Optional.of(target));
      case ROLLED_BACK -> fleet.current(previous);
      case REFUSED -> {}
    }
    return result;
  }

  /** The model that each server was started with, if all report that they serve it. */
  private Optional<Target> baseOfAll() {
    boolean base =
        fleet
            .members()
            .read(
                all ->
                    all.stream()
                        .filter(r -> r.life().state() == ReplicaState.SERVING)
                        .allMatch(r -> r.life().version() == 0));
    return base ? Optional.of(Target.base(target.mode())) : Optional.empty();
  }

  /** No replica serves, so nothing can be lost: each that answers loads the weights. */
  private UpdateResult revive() throws InterruptedException {
    long began = fleet.setting().clock().nanos();
    List<Replica> waiting = fleet.members().in(ReplicaState.QUARANTINED);
    if (waiting.isEmpty()) {
      throw new OrderException(OrderException.Kind.NO_REPLICA, "no replica answers: " + whys());
    }
    try {
      var _ = new CheckpointGate(waiting).inspect(target);
    } catch (FleetException e) {
      return result(UpdateResult.Outcome.REFUSED, List.of(), Optional.of(OneLine.of(e)), began);
    }
    fleet
        .setting()
        .transactions()
        .ifPresent(
            j -> j.begin(target, fleet.current(), waiting.stream().map(Replica::url).toList()));
    fleet.current(Optional.of(target));
    fleet.setting().transactions().ifPresent(j -> j.committed(target));
    fleet.members().commit(List.of(), target.version());
    ConcurrentLinkedQueue<ReplicaResult> loaded = new ConcurrentLinkedQueue<>();
    fleet.parallel().forEach(waiting, r -> fleet.catchUp().run(r, target).ifPresent(loaded::add));
    boolean serves = !fleet.members().in(ReplicaState.SERVING).isEmpty();
    if (fleet.members().allServe()) {
      fleet.setting().transactions().ifPresent(j -> j.ended(target));
    }
    return result(
        serves ? UpdateResult.Outcome.COMMITTED : UpdateResult.Outcome.ROLLED_BACK,
        List.copyOf(loaded),
        serves ? Optional.empty() : Optional.of("no replica serves it: " + whys()),
        began);
  }

  private UpdateResult result(
      UpdateResult.Outcome outcome, List<ReplicaResult> results, Optional<String> why, long began) {
    return new UpdateResult(
        target.version(),
        fleet.table().policyVersion(),
        outcome,
        results,
        fleet.setting().clock().millisSince(began),
        why);
  }

  private String whys() {
    return fleet.replicas().stream()
        .map(
            r ->
                String.format(
                    Locale.ROOT,
                    "%s is %s: %s",
                    r.server(),
                    r.state().wireName(),
                    r.why().orElse("")))
        .reduce((a, b) -> a + "; " + b)
        .orElse("there is none");
  }
}

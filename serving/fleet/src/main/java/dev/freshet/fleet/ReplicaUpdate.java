package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.fleet.dialect.AdminCalls;
import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Serving;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.WireException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * The update of one replica, a method a phase, and how long each took. A phase ends within its
 * deadline and one more to ask; it never throws for what the server does. An unclear answer is
 * followed by asking, never by posting again. Used by one thread at a time; changes no state.
 */
final class ReplicaUpdate {
  private static final Step DONE = new Step.Done();

  private final Replica replica;
  private final Dialect dialect;
  private final Target target;

  /** The checkpoint's directory on this host. */
  private final Optional<String> here;

  private final PhaseDeadlines deadlines;
  private final MonotonicClock clock;
  private final AdminCalls calls;
  private final Map<FleetPhase, Double> times = new EnumMap<>(FleetPhase.class);
  private final long beganNanos;
  private Step last = DONE;
  private FleetPhase phase = FleetPhase.PREPARE;
  private Optional<AdminException> error = Optional.empty();
  private Optional<Long> pausedNanos = Optional.empty();
  private double stallMs;
  private boolean alone;
  private boolean staysPaused;

  /** Whether the pause of a client was sent to it; otherwise it has joined or returned since. */
  private boolean pausedByClient;

  private boolean prepared;
  private boolean rejected;
  private boolean moved;

  /**
   * Whether the answer to a resume was lost, so that another process may have answered the next.
   */
  private boolean resumeLost;

  /** What the newest answer to a load said that it serves. */
  private Optional<Serving> said = Optional.empty();

  private Optional<String> failure = Optional.empty();

  ReplicaUpdate(Replica replica, Target target, PhaseDeadlines deadlines) {
    this(replica, target, deadlines, TraceId.random());
  }

  ReplicaUpdate(Replica replica, Target target, PhaseDeadlines deadlines, TraceId trace) {
    this.replica = replica;
    this.dialect = replica.dialect();
    this.target = replica.seen(target);
    this.here = target.directory();
    this.deadlines = deadlines;
    this.clock = replica.client().clock();
    this.calls = new AdminCalls(replica.client(), trace);
    this.beganNanos = clock.nanos();
  }

  /** Requests are sent to its {@code version} until the commit. */
  ReplicaUpdate routed(long version) {
    calls.routed(version);
    return this;
  }

  Replica replica() {
    return replica;
  }

  TraceId trace() {
    return calls.trace();
  }

  /** How its newest phase ended. */
  Step last() {
    return last;
  }

  /** The error of the newest call that failed. */
  Optional<AdminException> error() {
    return error;
  }

  /** Whether an update must pause it, so that it cannot serve meanwhile. */
  boolean pauses() {
    return !dialect.capabilities().prepares();
  }

  /** Whether generation was paused and not resumed. */
  boolean paused() {
    return pausedNanos.isPresent();
  }

  /** Whether its newest phase replaces weights. */
  boolean loading() {
    return phase == FleetPhase.APPLY || phase == FleetPhase.ASK;
  }

  /** It may be paused by an earlier update. */
  void assumePaused() {
    pausedNanos = Optional.of(clock.nanos());
  }

  /**
   * A client has paused the fleet, and resumes it after the update.
   *
   * @param already whether that pause was sent to this replica
   */
  void staysPaused(boolean already) {
    staysPaused = true;
    pausedByClient = already;
  }

  /** Whether it serves the target. */
  boolean moved() {
    return moved;
  }

  /** No other replica is updated with it, so a program that can updates by one call. */
  void alone() {
    alone = dialect.capabilities().prepares() && target.directory().isPresent();
  }

  /** Whether it has prepared the target or serves it. */
  boolean changed() {
    return prepared || moved;
  }

  /** Its newest phase is why it is left out of the update. */
  void leftOut() {
    failed(last.why());
    rejected = last instanceof Step.Refused(String _, boolean byServer) && byServer;
  }

  /** It is left out of the update for the reason {@code why}. */
  void failed(String why) {
    failure = failure.or(() -> Optional.of(why));
  }

  Step prepare() {
    if (alone) {
      return DONE;
    }
    replica.versions().requested(dialect.nameOf(target));
    Step step =
        phase(
            FleetPhase.PREPARE,
            deadlines.prepare(),
            () -> {
              dialect.prepare(calls, target);
              return DONE;
            },
            Step::of);
    prepared = step.done() && dialect.capabilities().prepares();
    return step;
  }

  Step pause() {
    if (staysPaused && stillPaused()) {
      assumePaused();
      return DONE;
    }
    Step step =
        phase(
            FleetPhase.PAUSE,
            deadlines.pause(),
            () -> {
              if (dialect.pause(calls, target.mode())) {
                pausedNanos = Optional.of(clock.nanos());
              }
              return DONE;
            },
            Step::of);
    if (step instanceof Step.Unclear) {
      // It may be in force, or still take effect.
      pausedNanos = Optional.of(clock.nanos());
    }
    return step;
  }

  /** Whether the pause of a client is in force, which a restart of the server ends. */
  private boolean stillPaused() {
    try {
      return dialect.ask(replica.client(), target.version()).paused().orElse(pausedByClient);
    } catch (AdminException | WireException e) {
      return true; // The load will tell.
    }
  }

  /** Applies the weights and asks what it serves. */
  Step apply() {
    Step step = applied(target);
    moved = step.done();
    return step;
  }

  private Step applied(Target weights) {
    replica.versions().requested(dialect.nameOf(weights));
    Step step =
        phase(
            FleetPhase.APPLY,
            deadlines.apply(),
            () -> {
              said =
                  alone
                      ? dialect.atOnce(calls, weights.request()).map(Serving::of)
                      : Optional.empty();
              if (said.isPresent()) {
                return DONE;
              }
              if (alone) {
                dialect.prepare(calls, weights);
              }
              said = dialect.apply(calls, weights);
              return DONE;
            },
            pauses() ? Step::ofLoad : Step::of);
    if (step.done()
        && said.flatMap(Serving::name).filter(dialect.nameOf(weights)::equals).isPresent()) {
      replica.named(said.get().name());
      return step;
    }
    return step.done() || step instanceof Step.Unclear ? acknowledged(step, weights) : step;
  }

  /** What it serves decides whether the weights were applied. */
  private Step acknowledged(Step applied, Target weights) {
    return phase(
        FleetPhase.ASK,
        deadlines.ask(),
        () -> {
          Serving serving = dialect.ask(replica.client(), weights.version());
          String expected = dialect.nameOf(weights);
          if (serving.name().filter(expected::equals).isPresent()
              || (serving.name().isEmpty() && applied.done())) {
            replica.named(serving.name());
            return DONE;
          }
          String found = "%s: it serves %s, expected %s";
          if (applied.done()) {
            return new Step.Broken(found.formatted(replica.url(), serving.inWords(), expected));
          }
          String why = applied.why() + "; " + found.formatted("asked", serving.inWords(), expected);
          if (!dialect.idle(calls)) {
            return new Step.Unclear(why);
          }
          return pauses() ? new Step.Broken(why) : new Step.Refused(why, false);
        },
        e -> new Step.Unclear(applied.done() ? OneLine.of(e) : applied.why()));
  }

  /** As {@link #resume(long)}, with whatever it serves unless it has moved. */
  Step resume() {
    return resume(CatchUp.ANY);
  }

  /**
   * Resumes a paused replica; repeats the call while its outcome is unclear. Then it must serve the
   * target, if it has moved.
   *
   * @param version what one that has not moved must serve then; {@link CatchUp#ANY} if any will do
   */
  Step resume(long version) {
    if (staysPaused) {
      pausedNanos = Optional.empty();
    }
    if (!paused()) {
      return DONE;
    }
    Step step =
        phase(
            FleetPhase.RESUME,
            deadlines.pause(),
            () -> {
              calls.untilAnswered(deadlines.ask(), this::resumeOnce);
              return DONE;
            },
            Step::of);
    if (step.done()) {
      stallMs += clock.millisSince(pausedNanos.orElseThrow());
      pausedNanos = Optional.empty();
    }
    return step.done() && (moved || version != CatchUp.ANY) ? stillServes(version) : step;
  }

  private void resumeOnce() {
    try {
      dialect.resume(calls);
    } catch (AdminException e) {
      resumeLost |= e.status() == 0;
      throw e;
    }
  }

  /**
   * One that was restarted while it was paused accepts a resume too, with other weights. If its
   * program does not say what it serves, a resume that had to be repeated tells as much.
   */
  private Step stillServes(long version) {
    return phase(
        FleetPhase.RESUME,
        deadlines.ask(),
        () -> {
          Serving serving = dialect.ask(replica.client(), moved ? target.version() : version);
          String expected = moved ? dialect.nameOf(target) : Long.toString(version);
          if (serving.name().isEmpty() && resumeLost) {
            return new Step.Broken(
                "%s: a resume was lost, so it may have been restarted, and it does not report what it serves"
                    .formatted(replica.url()));
          }
          boolean same =
              moved ? serving.name().filter(expected::equals).isPresent() : serving.serves(version);
          return serving.name().isEmpty() || same
              ? DONE
              : new Step.Broken(
                  "%s: after the resume it serves %s, expected %s: it was restarted, or another program updates it"
                      .formatted(replica.url(), serving.inWords(), expected));
        },
        Step::of);
  }

  /**
   * Drops what is prepared, or returns to {@code previous}.
   *
   * @param previous what it served before; a program that retains that needs no directory of it
   */
  Step undo(Optional<Target> previous) {
    if (!dialect.capabilities().retains()) {
      Step step = moved ? applied(replica.seen(previous.orElseThrow().again())) : DONE;
      moved = moved && !step.done();
      return step;
    }
    Step step =
        phase(
            FleetPhase.UNDO,
            deadlines.apply(),
            () -> {
              previous.map(dialect::nameOf).ifPresent(replica.versions()::requested);
              dialect.undo(calls, target);
              return DONE;
            },
            Step::of);
    if (moved && previous.isPresent()) {
      step = acknowledged(step, previous.get());
    }
    moved = moved && !step.done();
    return step;
  }

  private interface Work {
    Step run();
  }

  private interface Failure {
    Step of(AdminException e);
  }

  private Step phase(FleetPhase next, Duration deadline, Work work, Failure failed) {
    phase = next;
    long start = clock.nanos();
    try (Waits.Open _ =
        Waits.begin(
            replica.client().role(),
            "%s of the update to version %d".formatted(next.wireName(), target.version()),
            "inference " + replica.url(),
            deadline)) {
      calls.within(deadline);
      last = work.run();
    } catch (AdminException e) {
      boolean reads = next == FleetPhase.PREPARE || next == FleetPhase.APPLY;
      AdminException named = reads ? replica.named(e, here) : e;
      error = Optional.of(named);
      last = failed.of(named);
    } catch (WireException e) {
      last = new Step.Refused(replica.url() + ": " + OneLine.of(e), true);
    } finally {
      times.merge(next, clock.millisSince(start), Double::sum);
    }
    return last;
  }

  /** What the update did on this replica, so far. */
  ReplicaResult result() {
    PartTimes parts = calls.parts();
    if (stallMs > 0) {
      parts = parts.with(UpdatePart.STALL, stallMs);
    }
    return new ReplicaResult(
        replica.client().server(),
        dialect.name(),
        trace(),
        moved ? target.version() : replica.life().version(),
        moved && failure.isEmpty(),
        failure,
        rejected,
        Map.copyOf(times),
        clock.millisSince(beganNanos),
        parts,
        calls.notes());
  }
}

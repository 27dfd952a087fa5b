package dev.freshet.fleet;

import dev.freshet.client.AdminAnswer;
import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.LaneOperation;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateWeightsRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * A weight update of a server that loads weights while it is paused: pause, load the checkpoint
 * from disk, settle (caches, version name), resume. A server whose load failed, or may still be
 * running, stays paused because its weights may be mixed. A server that was never asked to load is
 * resumed. Pause and load end at the operation's deadline; the calls after them have their own, so
 * that a server is not left paused because the time was used up.
 */
final class PausedUpdate {
  /**
   * One call.
   *
   * @param phase the part of the update's time that the call is
   * @param optional whether the update continues without the call if the server lacks the route
   *     (404)
   */
  record Step(UpdatePart phase, String path, byte[] body, Duration deadline, boolean optional) {}

  /**
   * The calls of an update, in this order.
   *
   * @param loaded reads the answer of {@code load}: the time of the load in ms, if reported
   * @param settle calls under the new weights; all are made even if one fails
   */
  record Plan(
      Optional<Step> pause,
      Step load,
      Function<AdminAnswer, OptionalDouble> loaded,
      List<Settle> settle,
      Optional<Step> resume) {}

  /**
   * A call under the new weights.
   *
   * @param operation what it does, in words
   * @param otherwise the call that is made if the answer does not say that the operation succeeded
   */
  record Settle(String operation, Step step, Optional<Otherwise> otherwise) {
    Settle(String operation, Step step) {
      this(operation, step, Optional.empty());
    }
  }

  /**
   * The call that replaces one without success.
   *
   * @param consequence what the caller must know if it succeeded
   */
  record Otherwise(Step step, String consequence) {}

  private final Plan plan;
  private final MonotonicClock clock;
  private final LaneOperation.Lane lane;
  private final List<String> notes = new ArrayList<>();
  private PartTimes phases = PartTimes.NONE;
  private double connectMs;

  private PausedUpdate(Plan plan, MonotonicClock clock, LaneOperation.Lane lane) {
    this.plan = plan;
    this.clock = clock;
    this.lane = lane;
  }

  /**
   * Carries out {@code plan} for a request that {@link PausedDialect#check} accepts.
   *
   * @param within the deadline of pause and load, the wait for the lane included
   * @throws AdminException the error of the first call that failed
   */
  static AdminResult run(
      Plan plan, AdminClient admin, UpdateWeightsRequest request, TraceId trace, Duration within) {
    String route = plan.load().path();
    return admin.operate(
        new LaneOperation.Named("update_weights", route, request.weightDir()),
        trace,
        within,
        lane -> new PausedUpdate(plan, admin.clock(), lane).result(request));
  }

  private AdminResult result(UpdateWeightsRequest request) {
    boolean paused = pause();
    long pausedAt = clock.nanos();
    OptionalDouble rpcMs = load(paused);
    Optional<AdminException> unsettled = settle();
    if (paused) {
      plan.resume().ifPresent(this::call);
    }
    OptionalDouble stallMs =
        paused ? OptionalDouble.of(clock.millisSince(pausedAt)) : OptionalDouble.empty();
    if (unsettled.isPresent()) {
      throw unsettled.get();
    }
    PartTimes times =
        PartTimes.NONE
            .with(UpdatePart.WALL, clock.millisSince(lane.sentNanos()))
            .with(UpdatePart.CONNECT, connectMs)
            .with(UpdatePart.RPC, rpcMs)
            .with(UpdatePart.STALL, stallMs)
            .with(phases);
    AdminTimings timings =
        new AdminTimings(lane.trace(), "update_weights", lane.url(plan.load().path()), times);
    return new AdminResult(
        timings, Long.toString(request.step().getAsLong()), Optional.empty(), notes);
  }

  private boolean pause() {
    if (plan.pause().isEmpty()) {
      return false;
    }
    try {
      return call(beforeEnd(plan.pause().get())).isPresent();
    } catch (AdminException e) {
      if (!e.neverHandled()) {
        resumeAfter(e);
      }
      throw e;
    }
  }

  private OptionalDouble load(boolean paused) {
    try {
      return plan.loaded().apply(call(beforeEnd(plan.load())).orElseThrow());
    } catch (AdminException e) {
      if (!paused) {
        throw e;
      }
      if (e.neverHandled() || e.status() == 404) {
        resumeAfter(e);
        throw e;
      }
      throw e.with(
          "; the server stays paused because its weights may be missing or mixed: do not resume it;"
              + " update it with a good checkpoint, and restart it if that fails too");
    }
  }

  /** Makes every settling call; returns the first failure. */
  private Optional<AdminException> settle() {
    Optional<AdminException> first = Optional.empty();
    for (Settle settle : plan.settle()) {
      try {
        settle(settle);
      } catch (AdminException e) {
        first = first.or(() -> Optional.of(e));
      }
    }
    return first;
  }

  private void settle(Settle settle) {
    Optional<ReportedOutcome> outcome = outcome(settle.step());
    if (outcome.isEmpty()) {
      return;
    }
    if (settle.otherwise().isEmpty()) {
      var _ = outcome.get().orThrow(settle.step().path(), settle.operation());
      return;
    }
    if (!outcome.get().success().orElse(false)) {
      settle(settle.operation(), settle.otherwise().get());
    }
  }

  private void settle(String operation, Otherwise otherwise) {
    String path = otherwise.step().path();
    Optional<Boolean> success =
        outcome(otherwise.step()).flatMap(found -> found.orThrow(path, operation).success());
    notes.add(
        success.isPresent()
            ? otherwise.consequence()
            : path + ": the server does not say whether its " + operation + " succeeded");
  }

  /** What the answer says; empty for an optional route that the server does not have. */
  private Optional<ReportedOutcome> outcome(Step step) {
    return call(step).map(answer -> ReportedOutcome.of(step.path(), answer));
  }

  /** Resumes a server that may be paused after {@code failure}. */
  private void resumeAfter(AdminException failure) {
    plan.resume()
        .ifPresent(
            resume -> {
              try {
                var _ = call(resume);
              } catch (AdminException e) {
                failure.addSuppressed(e);
              }
            });
  }

  /** The step, ended by the operation's deadline. */
  private Step beforeEnd(Step step) {
    Duration left = lane.left();
    return left.compareTo(step.deadline()) < 0
        ? new Step(step.phase(), step.path(), step.body(), left, step.optional())
        : step;
  }

  /** The answer; empty for an optional route that the server does not have. */
  private Optional<AdminAnswer> call(Step step) {
    long start = clock.nanos();
    try {
      AdminAnswer answer = lane.post(step.path(), step.body(), step.deadline());
      connectMs += (answer.connectedNanos() - start) / 1e6;
      double ms = (answer.answeredNanos() - start) / 1e6;
      phases = phases.with(step.phase(), phases.ms(step.phase()).orElse(0) + ms);
      return Optional.of(answer);
    } catch (AdminException e) {
      if (step.optional() && e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }
}

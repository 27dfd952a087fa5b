package dev.freshet.trace;

import dev.freshet.trace.jfr.FlightLog;
import dev.freshet.trace.spans.SpanLog;
import dev.freshet.trace.time.RoleState;
import dev.freshet.trace.time.RoleTime;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;

/**
 * Writes the tagged events of the public log format, one a line. From the tag on a line is exactly
 * the format; further {@code key=value} fields follow it, never in between. {@code t=} is seconds
 * on the monotonic clock with 6 decimals, {@code *_ms} milliseconds with 1 decimal. White space,
 * quotation marks and tags inside a value are percent-encoded, so a value ends at the next space
 * and holds no event.
 *
 * <p>The same events go to the JDK's flight recorder while it records, and admin calls to a {@link
 * SpanLog} if there is one. Thread-safe if its sink is.
 */
public final class EventLog {
  /** The parts that client.done begins with. */
  private static final Set<UpdatePart> HEAD_OF_DONE =
      EnumSet.of(UpdatePart.WALL, UpdatePart.RPC, UpdatePart.QUEUE);

  private static final String ORCHESTRATOR = "orchestrator";

  private final String role;
  private final Consumer<String> sink;
  private final MonotonicClock clock;
  private final Optional<FlightLog> flight;
  private final Optional<SpanLog> spans;

  /** A log of the orchestrator. */
  public EventLog(Consumer<String> sink, MonotonicClock clock) {
    this(ORCHESTRATOR, sink, clock);
  }

  /**
   * @param role who makes the calls and waits for them
   */
  public EventLog(String role, Consumer<String> sink, MonotonicClock clock) {
    this(role, sink, clock, Optional.of(new FlightLog()), Optional.empty());
  }

  private EventLog(
      String role,
      Consumer<String> sink,
      MonotonicClock clock,
      Optional<FlightLog> flight,
      Optional<SpanLog> spans) {
    this.role = role;
    this.sink = sink;
    this.clock = clock;
    this.flight = flight;
    this.spans = spans;
  }

  /** A log that writes neither lines nor events of the flight recorder. */
  public static EventLog silent(MonotonicClock clock) {
    return new EventLog(ORCHESTRATOR, _ -> {}, clock, Optional.empty(), Optional.empty());
  }

  /** A log of the same role that writes nothing. */
  public EventLog unlogged() {
    return new EventLog(role, _ -> {}, clock, Optional.empty(), Optional.empty());
  }

  /** Who makes the calls and waits for them. */
  public String role() {
    return role;
  }

  /** The same log, which also passes its admin calls to {@code spansOfCalls}. */
  public EventLog withSpans(SpanLog spansOfCalls) {
    return new EventLog(role, sink, clock, flight, Optional.of(spansOfCalls));
  }

  /** Logs to {@code logger} at level info. */
  public static EventLog to(Logger logger, MonotonicClock clock) {
    return new EventLog(logger::info, clock);
  }

  /** The clock of the events' times. */
  public MonotonicClock clock() {
    return clock;
  }

  /** The events of a fleet, written to the same log. */
  public FleetLog fleet() {
    return new FleetLog(sink);
  }

  /** The client is about to send the call with the id {@code trace} as {@code span}. */
  public void clientSpan(TraceId trace, TraceParent span) {
    spans.ifPresent(s -> s.clientSpan(trace, span));
  }

  /** The client is about to connect. Returns the time written, in nanoseconds. */
  public long clientSend(TraceId trace, String url, Optional<String> path) {
    flight.ifPresent(f -> f.clientSend(trace, path));
    long now = clock.nanos();
    Line line = Line.weights(trace, "client.send").field("url", url);
    path.ifPresent(p -> line.field("path", p));
    sink.accept(line.seconds("t", now).toString());
    return now;
  }

  /** The admin request that arrived at {@code recvNanos} is a child of {@code parent}, if any. */
  public void serverSpan(TraceId trace, Optional<TraceParent> parent, long recvNanos) {
    spans.ifPresent(s -> s.serverRecv(trace, parent, recvNanos));
  }

  /** The first byte of an admin request arrived at {@code recvNanos}. */
  public void serverRecv(TraceId trace, String path, long recvNanos) {
    sink.accept(
        Line.weights(trace, "server.recv").field("path", path).seconds("t", recvNanos).toString());
  }

  /**
   * The engine operation began at {@code startNanos}; {@code phase} is the requested part of it.
   */
  public void rpcStart(TraceId trace, String op, String phase, long startNanos) {
    flight.ifPresent(f -> f.rpcStart(trace));
    spans.ifPresent(s -> s.rpcStart(trace, startNanos));
    sink.accept(
        Line.weights(trace, "rpc.start")
            .field("op", op)
            .seconds("t", startNanos)
            .field("phase", phase)
            .toString());
  }

  /**
   * The parts of the engine operation, reported just before it ends. Only the flight recorder and
   * spans use them; the log has them in client.done.
   */
  public void rpcParts(TraceId trace, long policyVersion, double stallMs, PartTimes phases) {
    flight.ifPresent(f -> f.rpcParts(trace, policyVersion, stallMs, phases));
    spans.ifPresent(s -> s.rpcParts(trace, policyVersion, phases));
  }

  /** The engine operation ended at {@code doneNanos} after {@code rpcMs}. */
  public void rpcDone(TraceId trace, String op, String phase, long doneNanos, double rpcMs) {
    flight.ifPresent(f -> f.rpcDone(trace, op, phase, rpcMs));
    spans.ifPresent(s -> s.rpcEnd(trace, op, phase, doneNanos, ""));
    sink.accept(rpcEnd(trace, op, doneNanos, rpcMs).field("phase", phase).toString());
  }

  /**
   * The engine operation failed at {@code doneNanos} after {@code rpcMs}; the old weights keep
   * serving.
   */
  public void rpcFailed(
      TraceId trace, String op, String phase, long doneNanos, double rpcMs, String code) {
    flight.ifPresent(f -> f.rpcFailed(trace, op, phase, rpcMs, code));
    spans.ifPresent(s -> s.rpcEnd(trace, op, phase, doneNanos, code));
    sink.accept(
        rpcEnd(trace, op, doneNanos, rpcMs).field("phase", phase).field("error", code).toString());
  }

  private static Line rpcEnd(TraceId trace, String op, long doneNanos, double rpcMs) {
    return Line.weights(trace, "rpc.done")
        .field("op", op)
        .seconds("t", doneNanos)
        .ms("rpc_ms", rpcMs);
  }

  /**
   * The client has the whole answer. The written queue time is the difference of the written wall
   * and rpc times. If the server does not report its rpc time, both rpc and queue time are omitted.
   */
  public void clientDone(AdminTimings timings) {
    flight.ifPresent(f -> f.clientDone(timings));
    spans.ifPresent(s -> s.clientDone(timings));
    Line line = Line.weights(timings.trace(), "client.done").ms("wall_ms", timings.wallMs());
    timings
        .rpcMs()
        .ifPresent(
            rpc ->
                line.ms("rpc_ms", rpc)
                    .tenths("queue_ms", Line.tenths(timings.wallMs()) - Line.tenths(rpc)));
    line.field("op", timings.op()).field("url", timings.url());
    timings
        .parts()
        .forEach(
            (name, ms) -> {
              if (!UpdatePart.of(name).map(HEAD_OF_DONE::contains).orElse(false)) {
                line.ms(name, ms);
              }
            });
    sink.accept(line.toString());
  }

  /** An admin call failed with {@code error} after {@code wallMs}. */
  public void clientFailed(TraceId trace, String op, String url, double wallMs, String error) {
    flight.ifPresent(f -> f.clientFailed(trace, op, url, wallMs, error));
    spans.ifPresent(s -> s.clientFailed(trace, op, url, wallMs, error));
    sink.accept(
        Line.weights(trace, "client.done")
            .ms("wall_ms", wallMs)
            .field("op", op)
            .field("url", url)
            .field("error", error)
            .toString());
  }

  /** The trainer has published the checkpoint of a step. */
  public void checkpointWritten(long step, double writeMs) {
    sink.accept(checkpointWrite(step, writeMs).toString());
  }

  /** The same of a copy of the weights, which the trainer took in {@code copyMs} between steps. */
  public void checkpointWritten(long step, double writeMs, double copyMs) {
    sink.accept(checkpointWrite(step, writeMs).ms("copy_ms", copyMs).toString());
  }

  private static Line checkpointWrite(long step, double writeMs) {
    return new Line("[ckpt] write.done").count("step", step).ms("write_ms", writeMs);
  }

  /** The orchestrator begins to wait for the checkpoint of a step. */
  public void checkpointWaitStart(long targetStep) {
    flight.ifPresent(f -> f.waitStart(targetStep));
    sink.accept(new Line("[ckpt] wait.start").count("target_step", targetStep).toString());
  }

  /** The checkpoint of a step was found after {@code waitMs}. */
  public void checkpointWaitDone(long targetStep, double waitMs) {
    flight.ifPresent(f -> f.waitDone(targetStep, waitMs));
    sink.accept(
        new Line("[ckpt] wait.done")
            .count("target_step", targetStep)
            .ms("wait_ms", waitMs)
            .toString());
  }

  /** Collecting a batch begins with {@code inflight} completions streaming. */
  public void batchStart(int inflight, int targetBatch) {
    flight.ifPresent(f -> f.batchStart(inflight));
    sink.accept(
        new Line("[gen] batch.start")
            .count("inflight", inflight)
            .count("target_batch", targetBatch)
            .toString());
  }

  /** A batch of {@code completions} is complete after {@code durMs}. */
  public void batchDone(int completions, double durMs, int inflight) {
    flight.ifPresent(f -> f.batchDone(completions, durMs, inflight));
    sink.accept(
        new Line("[gen] batch.done")
            .count("completions", completions)
            .ms("dur_ms", durMs)
            .count("inflight", inflight)
            .toString());
  }

  /**
   * The quality of a batch.
   *
   * @param truncPct the percentage of completions truncated by the token limit
   * @param currentStep the step that the batch is for
   * @param ckptStep the oldest policy version in the batch
   */
  public void rollouts(double truncPct, long currentStep, long ckptStep) {
    flight.ifPresent(f -> f.rollouts(truncPct, currentStep, ckptStep));
    sink.accept(
        new Line("[rollout]")
            .ms("trunc_pct", truncPct)
            .count("current_step", currentStep)
            .count("ckpt_step", ckptStep)
            .count("staleness", currentStep - ckptStep)
            .toString());
  }

  /**
   * What a role did with the time of a step.
   *
   * @param server the server whose time it is, if it is that of a server as its client sees it
   */
  public void stepTime(String who, Optional<String> server, long step, RoleTime time) {
    time(new Line("[time] step.done").field("role", who).count("step", step), server, time);
  }

  /** What a role did with the time of the whole run. */
  public void runTime(String who, Optional<String> server, RoleTime time) {
    time(new Line("[time] run.done").field("role", who), server, time);
  }

  private void time(Line line, Optional<String> server, RoleTime time) {
    line.ms("wall_ms", time.wallNanos() / 1e6);
    for (RoleState state : RoleState.values()) {
      if (time.nanos().containsKey(state)) {
        line.ms(state.field(), time.nanos(state) / 1e6);
      }
    }
    server.ifPresent(url -> line.field("server", url));
    sink.accept(line.toString());
  }
}

package dev.freshet.analysis.timeline;

import dev.freshet.analysis.TracedCall;
import dev.freshet.analysis.read.Event;
import java.util.Optional;

/**
 * Admin calls: on the client's side connecting, accepting, the server's handler and operation, and
 * the answer; on the server's the operation with its phases, and the stall of its decode loop; an
 * arrow from client.send over server.recv and rpc.start to client.done.
 */
final class UpdateTracks {
  private static final String CATEGORY = "update";

  private final TraceWriter out;
  private final Roles roles;
  private final Axis axis;
  private final CheckpointFlows checkpoints;
  private long estimated;

  UpdateTracks(TraceWriter out, Roles roles, Axis axis, CheckpointFlows checkpoints) {
    this.out = out;
    this.roles = roles;
    this.axis = axis;
    this.checkpoints = checkpoints;
  }

  /** Calls whose server's part could not be placed by a clock. */
  long estimated() {
    return estimated;
  }

  /** Draws a call that has a time. */
  void draw(TracedCall call) {
    CallTimes times = CallTimes.of(call);
    long origin = axis.nanos(call.millis());
    String server = Roles.serverName(call.server(), call.log());
    boolean atServer = !Double.isNaN(times.received());
    Optional<Flow> arrow = call.sent() && atServer ? Optional.of(arrow(call)) : Optional.empty();
    estimated += times.estimated() ? 1 : 0;
    if (call.sent()) {
      client(call, times, origin, server, arrow);
    }
    if (atServer) {
      server(call, times, origin, roles.server(server), arrow);
    }
  }

  private static Flow arrow(TracedCall call) {
    return new Flow(
        CATEGORY,
        call.attempt() == 0 ? call.op() : "%s, try %d".formatted(call.op(), call.attempt() + 1),
        "0x" + call.trace());
  }

  private void client(
      TracedCall call, CallTimes times, long origin, String server, Optional<Flow> arrow) {
    Lanes lanes = roles.orchestrator().exact("updates of " + server);
    boolean over = !Double.isNaN(times.done());
    Lanes.Placed placed =
        over ? lanes.place(origin, origin + Axis.length(times.done())) : lanes.placeUnended(origin);
    if (over) {
      out.slice(
          placed.track(), CATEGORY, name(call), placed.start(), placed.duration(), args(call));
    } else {
      out.unended(placed.track(), CATEGORY, name(call), placed.start(), args(call));
    }
    arrow.ifPresent(flow -> out.flow(flow, Flow.Stand.START, placed.track(), placed.start()));
    checkpoints.drawTo(call, out, placed);
    Nest nest = new Nest(out, placed, CATEGORY);
    if (arrow.isPresent()) {
      wayThereAndBack(times, origin, nest, arrow.filter(_ -> times.answered()));
    } else {
      ofPeer(call.phases(), nest);
    }
  }

  private static void wayThereAndBack(
      CallTimes times, long origin, Nest nest, Optional<Flow> arrow) {
    until(nest, "connect", origin, times.connected());
    until(nest, "accept", origin, times.received());
    until(nest, "handler", origin, times.started());
    until(nest, "rpc", origin, times.ended());
    arrow.ifPresent(
        flow -> {
          long answered = nest.at();
          nest.until("answer", origin + Axis.length(times.done()), new Args());
          nest.flow(flow, Flow.Stand.END, answered);
        });
  }

  private static void until(Nest nest, String name, long origin, double ms) {
    if (!Double.isNaN(ms)) {
      nest.until(name, origin + Axis.length(ms), new Args());
    }
  }

  /** What a server that is not Freshet's was asked, one after the other. */
  private static void ofPeer(Event.Phases phases, Nest nest) {
    if (!Double.isNaN(phases.loadMs())) {
      nest.lasting("pause", phases.pauseMs());
      nest.lasting("load", phases.loadMs());
      nest.lasting("reset_cache", phases.resetCacheMs());
      nest.lasting("version", phases.versionMs());
      nest.lasting("resume", phases.resumeMs());
    }
  }

  private void server(
      TracedCall call, CallTimes times, long origin, RoleTracks role, Optional<Flow> arrow) {
    long received = origin + Axis.length(times.received());
    boolean started = !Double.isNaN(times.started());
    double end = !Double.isNaN(times.ended()) || started ? times.ended() : times.done();
    boolean over = !Double.isNaN(end);
    Lanes lanes = role.exact("weight operations");
    Lanes.Placed placed =
        over
            ? lanes.place(received, origin + Axis.length(Math.max(end, times.received())))
            : lanes.placeUnended(received);
    if (over) {
      out.slice(
          placed.track(), CATEGORY, name(call), placed.start(), placed.duration(), args(call));
    } else {
      out.unended(placed.track(), CATEGORY, name(call), placed.start(), args(call));
    }
    Flow.Stand last = times.answered() ? Flow.Stand.STEP : Flow.Stand.END;
    arrow.ifPresent(
        flow -> out.flow(flow, started ? Flow.Stand.STEP : last, placed.track(), placed.start()));
    Nest nest = new Nest(out, placed, CATEGORY);
    long decodingOn = nest.at();
    if (started) {
      until(nest, "handler", origin, times.started());
      decodingOn = operation(call, times, origin, nest, placed, arrow, last);
      figures(call, role, origin + Axis.length(over ? end : times.started()), over);
    }
    if (over) {
      stall(call, placed, role, decodingOn);
    }
  }

  /** Draws it and its phases; returns when decoding went on at the latest. */
  private long operation(
      TracedCall call,
      CallTimes times,
      long origin,
      Nest nest,
      Lanes.Placed placed,
      Optional<Flow> arrow,
      Flow.Stand last) {
    long start = nest.at();
    if (Double.isNaN(times.ended())) {
      out.unended(placed.track(), CATEGORY, "rpc", start, new Args().text("phase", call.phase()));
      arrow.ifPresent(flow -> nest.flow(flow, last, start));
      return start;
    }
    Nest rpc =
        nest.until(
            "rpc", origin + Axis.length(times.ended()), new Args().figure("rpc_ms", call.rpcMs()));
    arrow.ifPresent(flow -> nest.flow(flow, last, start));
    Event.Phases phases = call.phases();
    if (!Double.isNaN(phases.loadMs())) {
      return nest.at();
    }
    Nest prepare = rpc.lasting("prepare", phases.prepareMs());
    prepare.lasting("map", phases.mapMs());
    prepare.lasting("fault", phases.faultMs());
    prepare.lasting("verify", phases.verifyMs());
    prepare.lasting("build", phases.buildMs());
    rpc.lasting("wait_step", phases.waitStepMs());
    Nest pause = rpc.lasting("pause", phases.pauseMs());
    pause.lasting("swap", phases.swapMs());
    pause.lasting("recompute", phases.recomputeMs());
    return Double.isNaN(phases.pauseMs()) ? nest.at() : rpc.at();
  }

  /** The decode loop stands still until it goes on. */
  private void stall(TracedCall call, Lanes.Placed placed, RoleTracks role, long end) {
    double stallMs = call.parts().stallMs();
    if (stallMs > 0) {
      long start = Math.max(placed.start(), end - Axis.length(stallMs));
      Lanes.Placed held = role.exact("decode loop").place(start, end);
      out.slice(
          held.track(),
          CATEGORY,
          "stall",
          held.start(),
          held.duration(),
          new Args().figure("stall_ms", stallMs).text("trace", call.trace()));
    }
  }

  private static void figures(TracedCall call, RoleTracks role, long at, boolean over) {
    if (over && call.end() == TracedCall.End.SUCCEEDED) {
      role.counter("queue_ms", at, call.queueMs());
      role.counter("rpc_ms", at, call.rpcMs());
      role.counter("policy version", at, call.step());
    }
  }

  private static String name(TracedCall call) {
    return Double.isNaN(call.step())
        ? call.op()
        : "%s v%d".formatted(call.op(), Math.round(call.step()));
  }

  private static Args args(TracedCall call) {
    return new Args()
        .text("trace", call.trace())
        .text("phase", call.phase())
        .text("error", call.error())
        .figure("wall_ms", call.wallMs())
        .figure("queue_ms", call.queueMs())
        .figure("rpc_ms", call.rpcMs())
        .figure("stall_ms", call.parts().stallMs())
        .count("inflight", call.inflight())
        .text("line", call.where());
  }
}

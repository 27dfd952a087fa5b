package dev.freshet.analysis.timeline;

import dev.freshet.analysis.TracedCall;
import dev.freshet.analysis.read.PartMillis;
import dev.freshet.analysis.read.TraceKey;
import dev.freshet.trace.UpdatePart;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Draws admin calls: on the client's side connect, accept, the server's handler and operation, and
 * the answer; on the server's side the operation with its phases, and the stall of its decode loop;
 * and an arrow from client.send over server.recv and rpc.start to client.done.
 */
final class UpdateTracks {
  private static final String CATEGORY = "update";

  /** The phases that are directly within a part. */
  private static final Map<UpdatePart, List<UpdatePart>> PHASES_WITHIN =
      Stream.of(UpdatePart.values())
          .filter(part -> part.isPhase() && part.parent().isPresent())
          .collect(Collectors.groupingBy(part -> part.parent().orElseThrow()));

  /** The calls that update a program other than Freshet's server, the pause apart. */
  private static final List<UpdatePart> PEER_CALLS =
      PHASES_WITHIN.getOrDefault(UpdatePart.WALL, List.of());

  /** A peer's phases are calls, which are not nested in one another. */
  private static final int PEER_DEPTH = UpdatePart.RPC.depth() + 1;

  private final TraceWriter out;
  private final RoleProcesses roles;
  private final TraceAxis axis;
  private final CheckpointFlows checkpoints;
  private long estimated;

  UpdateTracks(TraceWriter out, RoleProcesses roles, TraceAxis axis, CheckpointFlows checkpoints) {
    this.out = out;
    this.roles = roles;
    this.axis = axis;
    this.checkpoints = checkpoints;
  }

  /** The number of calls whose server part is placed without a clock offset. */
  long estimated() {
    return estimated;
  }

  /** Draws a call that has a time. */
  void draw(TracedCall call) {
    CallTimes times = CallTimes.of(call);
    long origin = axis.nanos(call.millis());
    String server = RoleProcesses.serverName(call.server(), call.log());
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
        "0x" + HexFormat.of().toHexDigits(TraceKey.of(call.trace()).bits()));
  }

  private void client(
      TracedCall call, CallTimes times, long origin, String server, Optional<Flow> arrow) {
    Lanes lanes = roles.orchestrator().exact("updates of " + server);
    boolean over = !Double.isNaN(times.done());
    Lanes.Placed placed =
        over
            ? lanes.place(origin, origin + TraceAxis.length(times.done()))
            : lanes.placeUnended(origin);
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
      if (isPeer(call.parts())) {
        callsToPeer(call.parts(), nest);
      }
    }
  }

  private static void wayThereAndBack(
      CallTimes times, long origin, Nest nest, Optional<Flow> arrow) {
    until(nest, UpdatePart.CONNECT.label(), origin, times.connected());
    until(nest, UpdatePart.ACCEPT.label(), origin, times.received());
    until(nest, UpdatePart.HANDLER.label(), origin, times.started());
    until(nest, UpdatePart.RPC.label(), origin, times.ended());
    arrow.ifPresent(
        flow -> {
          long answered = nest.at();
          nest.until(
              UpdatePart.ANSWER.label(), origin + TraceAxis.length(times.done()), new Args());
          nest.flow(flow, Flow.Stand.END, answered);
        });
  }

  private static void until(Nest nest, String name, long origin, double ms) {
    if (!Double.isNaN(ms)) {
      nest.until(name, origin + TraceAxis.length(ms), new Args());
    }
  }

  /** The calls by which a server that is not Freshet's was updated, one after the other. */
  private static void callsToPeer(PartMillis parts, Nest nest) {
    for (UpdatePart part : UpdatePart.values()) {
      if (part.isPhase() && part.depth() <= PEER_DEPTH) {
        nest.lasting(part.wireName(), parts.ms(part));
      }
    }
    parts.others().forEach(nest::lasting);
  }

  /** Whether a server was updated by several calls, so that it has no phases of its own. */
  private static boolean isPeer(PartMillis parts) {
    return PEER_CALLS.stream().anyMatch(parts::has);
  }

  private void server(
      TracedCall call, CallTimes times, long origin, RoleTracks role, Optional<Flow> arrow) {
    long received = origin + TraceAxis.length(times.received());
    boolean started = !Double.isNaN(times.started());
    double end = !Double.isNaN(times.ended()) || started ? times.ended() : times.done();
    boolean over = !Double.isNaN(end);
    Lanes lanes = role.exact("weight operations");
    Lanes.Placed placed =
        over
            ? lanes.place(received, origin + TraceAxis.length(Math.max(end, times.received())))
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
      until(nest, UpdatePart.HANDLER.label(), origin, times.started());
      decodingOn = operation(call, times, origin, nest, placed, arrow, last);
      figures(call, role, origin + TraceAxis.length(over ? end : times.started()), over);
    }
    if (over) {
      stall(call, placed, role, decodingOn);
    }
  }

  /** Draws the operation and its phases; returns the latest time at which decoding resumed. */
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
      out.unended(
          placed.track(),
          CATEGORY,
          UpdatePart.RPC.label(),
          start,
          new Args().text("phase", call.phase()));
      arrow.ifPresent(flow -> nest.flow(flow, last, start));
      return start;
    }
    Nest rpc =
        nest.until(
            UpdatePart.RPC.label(),
            origin + TraceAxis.length(times.ended()),
            new Args().figure(UpdatePart.RPC.wireName(), call.ms(UpdatePart.RPC)));
    arrow.ifPresent(flow -> nest.flow(flow, last, start));
    if (isPeer(call.parts())) {
      return nest.at();
    }
    long decodingOn = nest.at();
    for (UpdatePart part : PHASES_WITHIN.getOrDefault(UpdatePart.RPC, List.of())) {
      phase(part, call.parts(), rpc);
      if (part == UpdatePart.PAUSE && call.parts().has(part)) {
        decodingOn = rpc.at();
      }
    }
    call.parts().others().forEach(rpc::lasting);
    return decodingOn;
  }

  /** Draws a phase and the phases within it. */
  private static void phase(UpdatePart part, PartMillis parts, Nest around) {
    Nest nest = around.lasting(part.wireName(), parts.ms(part));
    for (UpdatePart inner : PHASES_WITHIN.getOrDefault(part, List.of())) {
      phase(inner, parts, nest);
    }
  }

  /** Draws the stall of the decode loop, which ends at {@code end}. */
  private void stall(TracedCall call, Lanes.Placed placed, RoleTracks role, long end) {
    double stallMs = call.ms(UpdatePart.STALL);
    if (stallMs > 0) {
      long start = Math.max(placed.start(), end - TraceAxis.length(stallMs));
      Lanes.Placed held = role.exact("decode loop").place(start, end);
      out.slice(
          held.track(),
          CATEGORY,
          UpdatePart.STALL.label(),
          held.start(),
          held.duration(),
          new Args().figure(UpdatePart.STALL.wireName(), stallMs).text("trace", call.trace()));
    }
  }

  private static void figures(TracedCall call, RoleTracks role, long at, boolean over) {
    if (over && call.end() == TracedCall.End.SUCCEEDED) {
      role.counter(UpdatePart.QUEUE.wireName(), at, call.ms(UpdatePart.QUEUE));
      role.counter(UpdatePart.RPC.wireName(), at, call.ms(UpdatePart.RPC));
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
        .figure(UpdatePart.WALL.wireName(), call.ms(UpdatePart.WALL))
        .figure(UpdatePart.QUEUE.wireName(), call.ms(UpdatePart.QUEUE))
        .figure(UpdatePart.RPC.wireName(), call.ms(UpdatePart.RPC))
        .figure(UpdatePart.STALL.wireName(), call.ms(UpdatePart.STALL))
        .count("inflight", call.inflight())
        .text("line", call.where());
  }
}

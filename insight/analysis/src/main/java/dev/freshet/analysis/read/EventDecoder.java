package dev.freshet.analysis.read;

import dev.freshet.trace.UpdatePart;
import dev.freshet.trace.time.RoleState;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Decodes an event from its tag on. Strict about tag and name; the fields may be in any order and
 * mixed with others. Text without a usable figure is no event, and {@link #expected} says why.
 */
final class EventDecoder {
  private static final String WEIGHTS = "[weights][";
  private static final int MOST_TRACE = 128;
  private static final int MOST_ERROR = 64;
  private static final String CALL_EVENTS =
      "client.send, server.recv, rpc.start, rpc.done or client.done";

  /** {@link UpdatePart#wireName} makes a new text each time. */
  private static final Map<UpdatePart, String> WIRE_NAMES = wireNames();

  private static final Pattern STEP = Pattern.compile("step_([0-9]{1,12})/?\\z");

  private final Fields fields = new Fields();
  private final FleetDecoder fleet = new FleetDecoder(fields);
  private String expected = "";

  private static Map<UpdatePart, String> wireNames() {
    Map<UpdatePart, String> names = new EnumMap<>(UpdatePart.class);
    for (UpdatePart part : UpdatePart.values()) {
      names.put(part, part.wireName());
    }
    return names;
  }

  /** Whether the event decoded last had an impossible figure. */
  boolean hadImpossibleValue() {
    return fields.impossible();
  }

  /** What the text decoded last lacks to be an event. */
  String expected() {
    return expected;
  }

  /**
   * The event that a text is, if it is one.
   *
   * @param text begins with a tag
   */
  Optional<Event> decode(String text, Fields.End after) {
    expected = "";
    if (text.startsWith("[rollout] ")) {
      fields.of(text, text.indexOf(' '), after);
      return usable(rollouts(), "trunc_pct=<percent> or staleness=<steps>");
    }
    if (text.startsWith(FleetDecoder.TAG)) {
      FleetDecoder.Decoded decoded = fleet.decode(text, after);
      expected = decoded.expected();
      return decoded.event();
    }
    return text.startsWith("[weights]") ? call(text, after) : event(text, after);
  }

  private Optional<Event> call(String text, Fields.End after) {
    int close = text.indexOf("] ", WEIGHTS.length());
    if (!text.startsWith(WEIGHTS) || close < 0 || !isTrace(text, WEIGHTS.length(), close)) {
      return not("a trace id in brackets after [weights] and then a space");
    }
    int name = close + 2;
    int end = Fields.tokenEnd(text, name);
    if (end == text.length() && after == Fields.End.CUT) {
      return not("a whole line");
    }
    fields.of(text, end, after);
    TraceKey trace = TraceKey.of(text.substring(WEIGHTS.length(), close));
    return switch (text.substring(name, end)) {
      case "client.send" ->
          Optional.of(
              new Event.ClientSend(
                  trace, fields.text("url"), step(fields.text("path")), fields.seconds("t")));
      case "server.recv" ->
          Optional.of(new Event.ServerRecv(trace, fields.text("path"), fields.seconds("t")));
      case "rpc.start" ->
          Optional.of(
              new Event.RpcStart(
                  trace, fields.text("op"), fields.text("phase"), fields.seconds("t")));
      case "rpc.done" ->
          usable(
              new Event.RpcDone(
                  trace, fields.text("op"), fields.seconds("t"), fields.ms("rpc_ms"), error()),
              "rpc_ms=<ms> or error=<code>");
      case "client.done" -> usable(done(trace), "wall_ms=<ms>, rpc_ms, queue_ms or error=<code>");
      default -> not(CALL_EVENTS + " after the trace id");
    };
  }

  /** Any text of a reasonable length in brackets is a trace id. */
  static boolean isTrace(String text, int from, int close) {
    int length = close - from;
    return length > 0
        && length <= MOST_TRACE
        && text.chars().limit(close).noneMatch(Character::isISOControl);
  }

  private Optional<Event> event(String text, Fields.End after) {
    int end = Fields.tokenEnd(text, text.indexOf(' ') + 1);
    if (end == text.length() && after == Fields.End.CUT) {
      return not("a whole line");
    }
    fields.of(text, end, after);
    return switch (text.substring(0, end)) {
      case "[ckpt] write.done" ->
          usable(
              new Event.CheckpointWritten(fields.count("step"), fields.ms("write_ms")),
              "write_ms=<ms>");
      case "[ckpt] wait.start" -> Optional.of(new Event.WaitStart(fields.count("target_step")));
      case "[ckpt] wait.done" ->
          usable(
              new Event.WaitDone(fields.count("target_step"), fields.ms("wait_ms")),
              "wait_ms=<ms>");
      case "[gen] batch.start" ->
          Optional.of(new Event.BatchStart(fields.count("inflight"), fields.count("target_batch")));
      case "[gen] batch.done" ->
          usable(
              new Event.BatchDone(
                  fields.count("completions"), fields.ms("dur_ms"), fields.count("inflight")),
              "dur_ms=<ms>");
      case "[time] step.done" -> usable(stepTime(), "role=<role>, wall_ms=<ms> and <state>_ms");
      default ->
          not(
              text.startsWith("[ckpt]")
                  ? "write.done, wait.start or wait.done after [ckpt]"
                  : "batch.start or batch.done after [gen]");
    };
  }

  private Event rollouts() {
    double current = fields.count("current_step");
    double behind = current - fields.count("ckpt_step");
    double written = fields.count("staleness");
    double staleness = Double.isNaN(written) && behind >= 0 ? behind : written;
    return new Event.Rollouts(fields.figure("trunc_pct", 0, 100), current, staleness);
  }

  private Event stepTime() {
    Map<RoleState, Double> states = new EnumMap<>(RoleState.class);
    for (RoleState state : RoleState.values()) {
      double ms = fields.ms(state.field());
      if (ms >= 0) {
        states.put(state, ms);
      }
    }
    return new Event.StepTime(
        name("role"), name("server"), fields.count("step"), fields.ms("wall_ms"), states);
  }

  /** A text of a reasonable length. */
  private String name(String key) {
    String name = fields.text(key);
    return name.substring(0, Math.min(name.length(), MOST_TRACE));
  }

  private Event done(TraceKey trace) {
    return new Event.ClientDone(
        trace,
        fields.text("op"),
        fields.text("url"),
        PartMillis.of(part -> fields.ms(WIRE_NAMES.getOrDefault(part, ""))),
        error());
  }

  private String error() {
    String error = fields.text("error");
    return error.substring(0, Math.min(error.length(), MOST_ERROR));
  }

  /** The step in the name of a checkpoint's directory; NaN if there is none. */
  private static double step(String path) {
    Matcher name = STEP.matcher(path);
    return name.find() ? Double.parseDouble(name.group(1)) : Double.NaN;
  }

  private Optional<Event> not(String instead) {
    expected = instead;
    return Optional.empty();
  }

  private Optional<Event> usable(Event event, String figure) {
    return hasFigure(event) ? Optional.of(event) : not(figure);
  }

  private static boolean hasFigure(Event event) {
    return switch (event) {
      case Event.CheckpointWritten written -> written.writeMs() >= 0;
      case Event.WaitDone wait -> wait.waitMs() >= 0;
      case Event.BatchDone batch -> batch.durMs() >= 0;
      case Event.StepTime time ->
          time.wallMs() >= 0 && !time.role().isEmpty() && !time.states().isEmpty();
      case Event.Rollouts rollouts -> rollouts.truncPct() >= 0 || rollouts.staleness() >= 0;
      case Event.RpcDone rpc -> rpc.failed() || rpc.rpcMs() >= 0;
      case Event.ClientDone done ->
          done.failed()
              || done.parts().has(UpdatePart.WALL)
              || done.parts().has(UpdatePart.RPC)
              || done.parts().has(UpdatePart.QUEUE);
      case Event.ClientSend _, Event.ServerRecv _, Event.RpcStart _ -> true;
      case Event.WaitStart _, Event.BatchStart _, Event.OfFleet _ -> true;
    };
  }
}

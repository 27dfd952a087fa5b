package dev.freshet.analysis.read;

import dev.freshet.trace.UpdatePart;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Decodes a line from its tag on. Strict about tag and name; the fields may be in any order and
 * mixed with others. A line without a usable figure is no event.
 */
final class EventDecoder {
  private static final String WEIGHTS = "[weights][";
  private static final int TRACE_END = WEIGHTS.length() + 16;
  private static final int CALL_NAME = TRACE_END + 2;
  private static final int MOST_ERROR = 64;

  /** {@link UpdatePart#wireName} makes a new text each time. */
  private static final Map<UpdatePart, String> WIRE_NAMES = wireNames();

  private static final Pattern STEP = Pattern.compile("step_([0-9]{1,12})/?\\z");

  private final Fields fields = new Fields();

  private static Map<UpdatePart, String> wireNames() {
    Map<UpdatePart, String> names = new EnumMap<>(UpdatePart.class);
    for (UpdatePart part : UpdatePart.values()) {
      names.put(part, part.wireName());
    }
    return names;
  }

  /** Whether the line decoded last had an impossible figure. */
  boolean hadImpossibleValue() {
    return fields.impossible();
  }

  /**
   * The event of a line, if it has one.
   *
   * @param whole whether the line ends where the text does
   */
  Optional<Event> decode(String text, boolean whole) {
    if (text.startsWith("[rollout] ")) {
      fields.of(text, text.indexOf(' '), whole);
      return rollouts().filter(EventDecoder::usable);
    }
    boolean call = text.startsWith(WEIGHTS);
    if (call && !hasTrace(text)) {
      return Optional.empty();
    }
    int name = call ? CALL_NAME : text.indexOf(' ') + 1;
    int end = Fields.tokenEnd(text, name);
    if (end == text.length() && !whole) {
      return Optional.empty(); // The name itself may be cut off.
    }
    fields.of(text, end, whole);
    Optional<Event> event =
        call ? call(text, text.substring(name, end)) : event(text.substring(0, end));
    return event.filter(EventDecoder::usable);
  }

  private static boolean hasTrace(String text) {
    if (text.length() <= CALL_NAME || !text.startsWith("] ", TRACE_END)) {
      return false;
    }
    for (int i = WEIGHTS.length(); i < TRACE_END; i++) {
      if (!HexFormat.isHexDigit(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  private Optional<Event> event(String name) {
    return Optional.ofNullable(
        switch (name) {
          case "[ckpt] write.done" ->
              new Event.CheckpointWritten(fields.count("step"), fields.ms("write_ms"));
          case "[ckpt] wait.start" -> new Event.WaitStart(fields.count("target_step"));
          case "[ckpt] wait.done" ->
              new Event.WaitDone(fields.count("target_step"), fields.ms("wait_ms"));
          case "[gen] batch.start" ->
              new Event.BatchStart(fields.count("inflight"), fields.count("target_batch"));
          case "[gen] batch.done" ->
              new Event.BatchDone(
                  fields.count("completions"), fields.ms("dur_ms"), fields.count("inflight"));
          default -> null;
        });
  }

  private Optional<Event> rollouts() {
    double current = fields.count("current_step");
    double behind = current - fields.count("ckpt_step");
    double written = fields.count("staleness");
    double staleness = Double.isNaN(written) && behind >= 0 ? behind : written;
    return Optional.of(new Event.Rollouts(fields.figure("trunc_pct", 0, 100), current, staleness));
  }

  private Optional<Event> call(String text, String name) {
    long trace = HexFormat.fromHexDigitsToLong(text, WEIGHTS.length(), TRACE_END);
    return Optional.ofNullable(
        switch (name) {
          case "client.send" ->
              new Event.ClientSend(
                  trace, fields.text("url"), step(fields.text("path")), fields.seconds("t"));
          case "server.recv" ->
              new Event.ServerRecv(trace, fields.text("path"), fields.seconds("t"));
          case "rpc.start" ->
              new Event.RpcStart(
                  trace, fields.text("op"), fields.text("phase"), fields.seconds("t"));
          case "rpc.done" ->
              new Event.RpcDone(
                  trace, fields.text("op"), fields.seconds("t"), fields.ms("rpc_ms"), error());
          case "client.done" -> done(trace);
          default -> null;
        });
  }

  private Event done(long trace) {
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

  private static boolean usable(Event event) {
    return switch (event) {
      case Event.CheckpointWritten written -> written.writeMs() >= 0;
      case Event.WaitDone wait -> wait.waitMs() >= 0;
      case Event.BatchDone batch -> batch.durMs() >= 0;
      case Event.Rollouts rollouts -> rollouts.truncPct() >= 0 || rollouts.staleness() >= 0;
      case Event.RpcDone rpc -> rpc.failed() || rpc.rpcMs() >= 0;
      case Event.ClientDone done ->
          done.failed()
              || done.parts().has(UpdatePart.WALL)
              || done.parts().has(UpdatePart.RPC)
              || done.parts().has(UpdatePart.QUEUE);
      case Event.ClientSend _, Event.ServerRecv _, Event.RpcStart _ -> true;
      case Event.WaitStart _, Event.BatchStart _ -> true;
    };
  }
}

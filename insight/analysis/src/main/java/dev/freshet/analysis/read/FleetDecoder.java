package dev.freshet.analysis.read;

import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.Quoted;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Decodes an event of a fleet from its tag on, as strictly as {@link EventDecoder}. */
final class FleetDecoder {
  static final String TAG = "[fleet]";

  private static final String OF_TRACE = TAG + "[";
  private static final int MOST_NAME = 200;
  private static final Pattern WORD = Pattern.compile("[a-z_]{1,32}");

  private final Fields fields;

  /** An event, or what a text lacks to be one. */
  record Decoded(Optional<Event> event, String expected) {
    static Decoded of(boolean usable, Event event, String expected) {
      return usable ? new Decoded(Optional.of(event), "") : not(expected);
    }

    static Decoded not(String expected) {
      return new Decoded(Optional.empty(), expected);
    }
  }

  FleetDecoder(Fields fields) {
    this.fields = fields;
  }

  /**
   * @param text begins with the tag
   */
  Decoded decode(String text, Fields.End after) {
    boolean traced = text.startsWith(OF_TRACE);
    int close = traced ? text.indexOf("] ", OF_TRACE.length()) : TAG.length() - 1;
    boolean headed = traced || text.startsWith(TAG + " ");
    if (!headed || close < 0 || (traced && !EventDecoder.isTrace(text, OF_TRACE.length(), close))) {
      return Decoded.not("a space, or a trace id in brackets and a space, after [fleet]");
    }
    int name = close + 2;
    int end = Fields.tokenEnd(text, name);
    if (end == text.length() && after == Fields.End.CUT) {
      return Decoded.not("a whole line");
    }
    fields.of(text, end, after);
    String event = text.substring(name, end);
    if (traced) {
      return event.equals("replica.done")
          ? replicaDone(TraceKey.of(text.substring(OF_TRACE.length(), close)))
          : Decoded.not("replica.done after the trace id");
    }
    return switch (event) {
      case "begin" ->
          Decoded.of(
              true, new Event.FleetBegun(fields.count("version"), fields.count("servers")), "");
      case "replica.state" -> replicaState();
      case "replica.left" -> replicaLeft();
      case "update.done" -> updateDone();
      case "update.interrupted" ->
          Decoded.of(
              !word("decision").isEmpty(),
              new Event.UpdateInterrupted(fields.count("version"), word("decision")),
              "decision=<finish or undo>");
      default ->
          Decoded.not(
              "begin, replica.state, replica.left, update.done or update.interrupted after [fleet]");
    };
  }

  private Decoded replicaState() {
    Event.ReplicaState state =
        new Event.ReplicaState(
            name(fields.text("server")),
            word("state"),
            version("version"),
            fields.count("incarnation"),
            fields.text("paused").equals("yes"));
    return Decoded.of(
        !state.server().isEmpty() && !state.state().isEmpty(),
        state,
        "server=<url> and state=<state>");
  }

  private Decoded replicaLeft() {
    Event.ReplicaLeft left = new Event.ReplicaLeft(name(fields.text("server")));
    return Decoded.of(!left.server().isEmpty(), left, "server=<url>");
  }

  private Decoded replicaDone(TraceKey trace) {
    Map<FleetPhase, Double> phases = new EnumMap<>(FleetPhase.class);
    for (FleetPhase phase : FleetPhase.values()) {
      double ms = fields.ms(phase.field());
      if (ms >= 0) {
        phases.put(phase, ms);
      }
    }
    Event.ReplicaDone done =
        new Event.ReplicaDone(
            trace,
            name(fields.text("server")),
            word("kind"),
            version("version"),
            fields.count("target"),
            word("outcome"),
            fields.ms("wall_ms"),
            fields.ms("queue_ms"),
            phases);
    return Decoded.of(
        !done.server().isEmpty() && !done.outcome().isEmpty() && done.wallMs() >= 0,
        done,
        "wall_ms=<ms>, server=<url> and outcome=<outcome>");
  }

  private Decoded updateDone() {
    Event.FleetUpdated done =
        new Event.FleetUpdated(
            fields.count("version"),
            word("outcome"),
            fields.count("servers"),
            fields.ms("wall_ms"));
    return Decoded.of(
        !done.outcome().isEmpty() && done.wallMs() >= 0,
        done,
        "outcome=<outcome> and wall_ms=<ms>");
  }

  /** A version; −1 is one that is not known. */
  private double version(String key) {
    double version = fields.figure(key, -1, 1e12);
    return version < 0 ? Double.NaN : version;
  }

  /** A word of the format; empty if the value is none. */
  private String word(String key) {
    String value = fields.text(key).replace('-', '_');
    return WORD.matcher(value).matches() ? fields.text(key) : "";
  }

  /** The name of a server as a report may print it: one line, without a tag, of bounded length. */
  static String name(String value) {
    String text = new String(value.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    return Quoted.escaped(text.substring(0, Math.min(text.length(), MOST_NAME)));
  }
}

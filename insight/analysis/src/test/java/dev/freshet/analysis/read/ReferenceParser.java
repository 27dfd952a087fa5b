package dev.freshet.analysis.read;

import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.UpdatePart;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A simple parser of the log format in plain text, by regular expressions. */
final class ReferenceParser {
  private static final Pattern TAG =
      Pattern.compile("\\[(?=(weights|fleet)\\](\\[| )|(ckpt|gen|rollout)\\] )");
  private static final Pattern CALL =
      Pattern.compile(
          "\\[(?:weights|(?<fleet>fleet))\\]\\[((?:(?!\\] )[^\\x00-\\x1f\\x7f-\\x9f]){1,128})\\]"
              + " ([^\\x00-\\x20]*)(?s:(.*))");
  private static final Pattern OTHER =
      Pattern.compile(
          "(\\[fleet\\] [^\\x00-\\x20]+|\\[ckpt\\] [^\\x00-\\x20]+|\\[gen\\] [^\\x00-\\x20]+|\\[rollout\\](?= ))(?s:(.*))");
  private static final Pattern OURS =
      Pattern.compile(
          "(?=\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d) (INFO |WARN"
              + " |ERROR|DEBUG|TRACE) (inference|orchestrator|trainer|router|bench|freshet) ).*?[a-z] ");
  private static final Pattern NUMBER =
      Pattern.compile(
          "([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)(?:[\"'`\\\\,;)}\\]>|<\\[{(](?s:.*))?");

  private ReferenceParser() {}

  /** The events of a log with their line numbers. */
  static List<String> parse(byte[] bytes) {
    String log = new String(bytes, StandardCharsets.ISO_8859_1);
    List<String> found = new ArrayList<>();
    int line = 0;
    int start = 0;
    while (start < log.length()) {
      line++;
      int end = log.indexOf('\n', start);
      boolean whole = end >= 0;
      events(log.substring(start, whole ? end : log.length()), whole, line, found);
      start = whole ? end + 1 : log.length();
    }
    return found;
  }

  private static void events(String line, boolean whole, int number, List<String> found) {
    List<Integer> tags = TAG.matcher(line).results().map(tag -> tag.start()).toList();
    boolean inMessage = false;
    int searched = 0;
    for (int i = 0; i < tags.size(); i++) {
      int tag = tags.get(i);
      boolean first = false;
      for (Matcher ours = OURS.matcher(line).region(searched, tag); ours.find(); ) {
        first = ours.end() == tag;
        inMessage = !first || !ours.group().contains(" INFO ");
      }
      searched = tag;
      if (inMessage) {
        continue;
      }
      boolean last = i == tags.size() - 1;
      String text = line.substring(tag, last ? line.length() : tags.get(i + 1));
      boolean cut = text.length() > LineReader.MOST_EVENT;
      text = text.substring(0, Math.min(text.length(), LineReader.MOST_EVENT));
      boolean returned = text.contains("\r");
      text = text.replaceFirst("(?s)\r.*", "");
      String after = returned ? "LINE" : cut ? "CUT" : !last ? "EVENT" : whole ? "LINE" : "CUT";
      if (after.equals("EVENT")) {
        text =
            text.replaceFirst(
                "(?s)(?<=\\d)(\\d{4}-\\d\\d-\\d\\d[T ])?(?<!\\d:)\\d\\d:\\d\\d:\\d\\d.*", "");
      }
      Event event = event(text, after);
      inMessage = event == null && first;
      if (event != null) {
        found.add(number + " " + event);
      }
    }
  }

  private static @Nullable Event event(String text, String after) {
    Matcher call = CALL.matcher(text);
    Matcher other = OTHER.matcher(text);
    boolean isCall = call.matches();
    if (!isCall && !other.matches()) {
      return null;
    }
    String name = isCall ? call.group(3) : other.group(1);
    if (isCall && (call.group("fleet") != null) != name.equals("replica.done")) {
      return null;
    }
    String rest = isCall ? call.group(4) : other.group(2);
    if (rest.isEmpty() && after.equals("CUT")) {
      return null;
    }
    Map<String, String> fields = new LinkedHashMap<>();
    String[] tokens = rest.split("[\\x00-\\x20]", -1);
    int count = 0;
    for (int i = 0; i < tokens.length && count < 64; i++) {
      boolean last = i == tokens.length - 1;
      String key = tokens[i].split("=", 2)[0];
      if (!tokens[i].isEmpty() && (!last || isComplete(tokens[i], after))) {
        count++;
        if (tokens[i].contains("=")) {
          fields.putIfAbsent(key, tokens[i].substring(key.length() + 1));
        }
      }
    }
    TraceKey trace = TraceKey.of(isCall ? call.group(2) : "");
    return usable(build(name, trace, fields));
  }

  private static boolean isComplete(String token, String after) {
    boolean decimals = token.matches("(?s)(t|[^=]*_ms|trunc_pct)=.*");
    return after.equals("LINE")
        || (after.equals("EVENT") && !decimals)
        || (decimals
            && token.matches("(?s)t=([^.]*\\.)*[^.]{6}|(?!t=)([^=]*_ms|trunc_pct)=.*\\.[^.]"));
  }

  private static @Nullable Event build(String name, TraceKey trace, Map<String, String> f) {
    return switch (name) {
      case "client.send" -> new Event.ClientSend(trace, text(f, "url"), step(f), seconds(f));
      case "server.recv" -> new Event.ServerRecv(trace, text(f, "path"), seconds(f));
      case "rpc.start" -> new Event.RpcStart(trace, text(f, "op"), text(f, "phase"), seconds(f));
      case "rpc.done" ->
          new Event.RpcDone(trace, text(f, "op"), seconds(f), ms(f, "rpc_ms"), error(f));
      case "client.done" ->
          new Event.ClientDone(
              trace,
              text(f, "op"),
              text(f, "url"),
              PartMillis.of(part -> ms(f, part.wireName())),
              error(f));
      case "[ckpt] write.done" -> new Event.CheckpointWritten(count(f, "step"), ms(f, "write_ms"));
      case "[ckpt] wait.start" -> new Event.WaitStart(count(f, "target_step"));
      case "[ckpt] wait.done" -> new Event.WaitDone(count(f, "target_step"), ms(f, "wait_ms"));
      case "[gen] batch.start" ->
          new Event.BatchStart(count(f, "inflight"), count(f, "target_batch"));
      case "[gen] batch.done" ->
          new Event.BatchDone(count(f, "completions"), ms(f, "dur_ms"), count(f, "inflight"));
      case "[rollout]" -> {
        double behind = count(f, "current_step") - count(f, "ckpt_step");
        double written = count(f, "staleness");
        yield new Event.Rollouts(
            figure(f, "trunc_pct", 0, 100),
            count(f, "current_step"),
            Double.isNaN(written) && behind >= 0 ? behind : written);
      }
      case "[fleet] begin" -> new Event.FleetBegun(count(f, "version"), count(f, "servers"));
      case "[fleet] replica.state" ->
          new Event.ReplicaState(
              server(f),
              word(f, "state"),
              version(f),
              count(f, "incarnation"),
              text(f, "paused").equals("yes"));
      case "[fleet] replica.left" -> new Event.ReplicaLeft(server(f));
      case "[fleet] update.done" ->
          new Event.FleetUpdated(
              count(f, "version"), word(f, "outcome"), count(f, "servers"), ms(f, "wall_ms"));
      case "[fleet] update.interrupted" ->
          new Event.UpdateInterrupted(count(f, "version"), word(f, "decision"));
      case "replica.done" ->
          new Event.ReplicaDone(
              trace,
              server(f),
              word(f, "kind"),
              version(f),
              count(f, "target"),
              word(f, "outcome"),
              ms(f, "wall_ms"),
              ms(f, "queue_ms"),
              phases(f));
      default -> null;
    };
  }

  private static Map<FleetPhase, Double> phases(Map<String, String> fields) {
    Map<FleetPhase, Double> phases = new EnumMap<>(FleetPhase.class);
    for (FleetPhase phase : FleetPhase.values()) {
      phases.put(phase, ms(fields, phase.field()));
    }
    phases.values().removeIf(ms -> ms.isNaN());
    return phases;
  }

  private static String server(Map<String, String> fields) {
    return FleetDecoder.name(text(fields, "server"));
  }

  private static String word(Map<String, String> fields, String key) {
    return text(fields, key).matches("[a-z_-]{1,32}") ? text(fields, key) : "";
  }

  private static double version(Map<String, String> fields) {
    double version = figure(fields, "version", -1, 1e12);
    return version < 0 ? Double.NaN : version;
  }

  private static @Nullable Event usable(@Nullable Event event) {
    return switch (event) {
      case null -> null;
      case Event.CheckpointWritten w when Double.isNaN(w.writeMs()) -> null;
      case Event.WaitDone w when Double.isNaN(w.waitMs()) -> null;
      case Event.BatchDone b when Double.isNaN(b.durMs()) -> null;
      case Event.Rollouts r when Double.isNaN(r.truncPct()) && Double.isNaN(r.staleness()) -> null;
      case Event.RpcDone r when !r.failed() && Double.isNaN(r.rpcMs()) -> null;
      case Event.ClientDone d
          when !d.failed()
              && Double.isNaN(d.parts().ms(UpdatePart.WALL))
              && Double.isNaN(d.parts().ms(UpdatePart.RPC))
              && Double.isNaN(d.parts().ms(UpdatePart.QUEUE)) ->
          null;
      case Event.ReplicaState s when s.server().isEmpty() || s.state().isEmpty() -> null;
      case Event.ReplicaLeft l when l.server().isEmpty() -> null;
      case Event.ReplicaDone d
          when d.server().isEmpty() || d.outcome().isEmpty() || Double.isNaN(d.wallMs()) ->
          null;
      case Event.FleetUpdated u when u.outcome().isEmpty() || Double.isNaN(u.wallMs()) -> null;
      case Event.UpdateInterrupted i when i.decision().isEmpty() -> null;
      default -> event;
    };
  }

  private static String error(Map<String, String> fields) {
    return text(fields, "error").replaceAll("(?s)(?<=^.{64}).*", "");
  }

  private static double step(Map<String, String> fields) {
    String step = text(fields, "path").replaceAll("(?s)^.*step_([0-9]{1,12})/?\\z", "$1");
    return step.equals(text(fields, "path")) ? Double.NaN : Double.parseDouble(step);
  }

  private static String text(Map<String, String> fields, String key) {
    return fields.getOrDefault(key, "").replaceFirst("(\\\\[nrt]|\\\\)*\".*|'[\\]'})>,;]*\\z", "");
  }

  private static double ms(Map<String, String> fields, String key) {
    return figure(fields, key, 0, 1e9);
  }

  private static double count(Map<String, String> fields, String key) {
    return figure(fields, key, 0, 1e12);
  }

  private static double seconds(Map<String, String> fields) {
    return figure(fields, "t", -1e12, 1e12);
  }

  private static double figure(Map<String, String> fields, String key, double least, double most) {
    String value = fields.getOrDefault(key, "");
    Matcher whole = NUMBER.matcher(value);
    int decimals = key.equals("t") ? 6 : key.matches(".*_ms|trunc_pct") ? 1 : 0;
    Matcher begun =
        Pattern.compile("(?s)([+-]?\\d+\\.\\d{" + decimals + "}).*[^0-9.eE+-].*").matcher(value);
    String figure =
        whole.matches() ? whole.group(1) : decimals > 0 && begun.matches() ? begun.group(1) : "NaN";
    double number = Double.parseDouble(figure);
    return number >= least && number <= most ? number : Double.NaN;
  }
}

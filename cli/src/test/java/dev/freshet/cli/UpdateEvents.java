package dev.freshet.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The events of one weight update out of a run's log lines, read as the public format defines them
 * and by nothing else: {@code [weights][<trace>] <event> key=value …} behind any prefix.
 *
 * @param event its name, such as {@code rpc.start}
 * @param fields by key
 */
record UpdateEvents(String event, Map<String, String> fields) {
  private static final Pattern LINE =
      Pattern.compile("(?:^|.* )\\[weights]\\[([0-9a-f]{16})] ([a-z.]+)((?: [a-z_]+=\\S+)*)");

  /** By event: the keys that it begins with, and which of them may be missing. */
  private static final Map<String, Pattern> FIELDS =
      Map.of(
          "client.send", Pattern.compile(" url=\\S+( path=\\S+)? t=[0-9]+\\.[0-9]{6}( .*)?"),
          "server.recv", Pattern.compile(" path=/update_weights t=[0-9]+\\.[0-9]{6}( .*)?"),
          "rpc.start", Pattern.compile(" op=update_weights t=[0-9]+\\.[0-9]{6}( .*)?"),
          "rpc.done",
              Pattern.compile(" op=update_weights t=[0-9]+\\.[0-9]{6} rpc_ms=[0-9]+\\.[0-9]( .*)?"),
          "client.done",
              Pattern.compile(
                  " wall_ms=[0-9]+\\.[0-9] rpc_ms=[0-9]+\\.[0-9] queue_ms=-?[0-9]+\\.[0-9]( .*)?"));

  /** The events by trace id, each in the order of the lines. */
  static Map<String, List<UpdateEvents>> parse(List<String> lines) {
    Map<String, List<UpdateEvents>> byTrace = new LinkedHashMap<>();
    for (String line : lines) {
      if (!line.contains("[weights]")) {
        continue;
      }
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches() || !fieldsOf(matcher.group(2)).matcher(matcher.group(3)).matches()) {
        throw new AssertionError("not a line of the format: " + line);
      }
      byTrace
          .computeIfAbsent(matcher.group(1), _ -> new ArrayList<>())
          .add(new UpdateEvents(matcher.group(2), fields(matcher.group(3))));
    }
    return byTrace;
  }

  private static Pattern fieldsOf(String event) {
    Pattern fields = FIELDS.get(event);
    if (fields == null) {
      throw new AssertionError("not an event of the format: " + event);
    }
    return fields;
  }

  private static Map<String, String> fields(String text) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String field : text.strip().split(" ")) {
      int equals = field.indexOf('=');
      fields.put(field.substring(0, equals), field.substring(equals + 1));
    }
    return fields;
  }

  String field(String key) {
    String value = fields.get(key);
    if (value == null) {
      throw new AssertionError("%s has no %s: %s".formatted(event, key, fields));
    }
    return value;
  }

  /** Seconds on the monotonic clock, in microseconds. */
  long micros() {
    return Long.parseLong(field("t").replace(".", ""));
  }

  /** A duration in tenths of a millisecond, the digits as they are written. */
  long tenths(String key) {
    return Long.parseLong(field(key).replace(".", ""));
  }
}

package dev.freshet.rollouts;

import dev.freshet.trace.TraceId;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One line of the update log. Unknown fields are skipped.
 *
 * @param version the policy version
 * @param server the root URL of the server's admin listener, if the event concerns one server
 * @param trace the id of the admin call, if there is one
 */
public record UpdateEvent(
    long version, Kind kind, Optional<String> server, Optional<TraceId> trace) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** What happened to a version. */
  public enum Kind {
    /** A server is about to be asked to serve it; from now on it may. */
    SENT,
    /** All servers in rotation serve it. */
    SERVED,
    /** A server refused it or did not acknowledge it in time. */
    FAILED;

    /** The name in the log. */
    String jsonName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public UpdateEvent {
    if (version < 0) {
      throw new IllegalArgumentException(
          "update event of version %d: expected 0 or above".formatted(version));
    }
  }

  /** The server is about to be asked to serve the version. */
  public static UpdateEvent sent(long version, String server, TraceId trace) {
    return new UpdateEvent(version, Kind.SENT, Optional.of(server), Optional.of(trace));
  }

  /** All servers in rotation have acknowledged the version. */
  public static UpdateEvent served(long version) {
    return new UpdateEvent(version, Kind.SERVED, Optional.empty(), Optional.empty());
  }

  /** The server did not acknowledge the version. */
  public static UpdateEvent failed(long version, String server, TraceId trace) {
    return new UpdateEvent(version, Kind.FAILED, Optional.of(server), Optional.of(trace));
  }

  /** The line's bytes, including its line feed. */
  byte[] toJson() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("version", version);
    fields.put("event", kind.jsonName());
    server.ifPresent(url -> fields.put("server", url));
    trace.ifPresent(id -> fields.put("trace", id.hex()));
    return (JSON.writeValueAsString(fields) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a line.
   *
   * @param where the file and the number of the line, for messages
   */
  static UpdateEvent parse(String where, byte[] line) {
    JsonNode fields;
    try {
      fields = JSON.readTree(line);
    } catch (JacksonException e) {
      throw new BatchException(
          "%s: not valid JSON: %s".formatted(where, e.getOriginalMessage()), e);
    }
    if (!fields.isObject()) {
      throw new BatchException("%s: not a JSON object, expected one event".formatted(where));
    }
    JsonNode version = fields.path("version");
    if (!version.isIntegralNumber() || !version.canConvertToLong() || version.longValue() < 0) {
      throw wrong(where, "version", version, "an integer from 0");
    }
    JsonNode event = fields.path("event");
    Kind kind =
        Stream.of(Kind.values())
            .filter(k -> event.isString() && k.jsonName().equals(event.stringValue()))
            .findFirst()
            .orElseThrow(() -> wrong(where, "event", event, "sent, served or failed"));
    return new UpdateEvent(
        version.longValue(), kind, text(where, fields, "server"), trace(where, fields));
  }

  private static Optional<TraceId> trace(String where, JsonNode fields) {
    return text(where, fields, "trace")
        .map(
            hex -> {
              if (!TraceId.isValid(hex)) {
                throw wrong(where, "trace", fields.path("trace"), "a trace id");
              }
              return new TraceId(hex);
            });
  }

  private static Optional<String> text(String where, JsonNode fields, String name) {
    JsonNode value = fields.path(name);
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (!value.isString()) {
      throw wrong(where, name, value, "a string");
    }
    return Optional.of(value.stringValue());
  }

  private static BatchException wrong(String where, String name, JsonNode found, String expected) {
    return new BatchException(
        found.isMissingNode()
            ? "%s: field '%s' is missing, expected %s".formatted(where, name, expected)
            : "%s: field '%s' holds %s, expected %s".formatted(where, name, found, expected));
  }
}

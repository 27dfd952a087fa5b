package dev.freshet.trace.waits;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Waits as JSON: {@code {"waits": [{"role", "what", "on", "holds", "age_s", "quiet_s",
 * "deadline_s", "thread"}]}}; {@code deadline_s} is absent for a wait without a deadline.
 */
public final class WaitsJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double MILLIS = 1000;

  private WaitsJson() {}

  /** Writes waits, UTF-8. */
  public static byte[] write(List<Wait> waits) {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode list = root.putArray("waits");
    for (Wait wait : waits) {
      ObjectNode node = list.addObject();
      node.put("role", wait.role());
      node.put("what", wait.what());
      node.put("on", wait.on());
      node.put("holds", wait.holds());
      node.put("age_s", wait.age().toMillis() / MILLIS);
      node.put("quiet_s", wait.quiet().toMillis() / MILLIS);
      wait.deadline().ifPresent(most -> node.put("deadline_s", most.toMillis() / MILLIS));
      node.put("thread", wait.thread());
    }
    return root.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads waits.
   *
   * @throws IllegalArgumentException if it is not JSON, or has no list of waits
   */
  public static List<Wait> parse(byte[] json) {
    List<Wait> waits = new ArrayList<>();
    try {
      JsonNode list = JSON.readTree(json).path("waits");
      if (!list.isArray()) {
        throw new IllegalArgumentException("waits: expected a list");
      }
      for (JsonNode node : list) {
        waits.add(
            new Wait(
                node.path("role").asString(""),
                node.path("what").asString(""),
                node.path("on").asString(""),
                node.path("holds").asBoolean(false),
                duration(node.path("age_s")),
                duration(node.path(node.has("quiet_s") ? "quiet_s" : "age_s")),
                node.has("deadline_s")
                    ? Optional.of(duration(node.path("deadline_s")))
                    : Optional.empty(),
                node.path("thread").asString("")));
      }
    } catch (JacksonException e) {
      throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
    }
    return waits;
  }

  private static Duration duration(JsonNode seconds) {
    return Duration.ofMillis(Math.round(seconds.asDouble(0) * MILLIS));
  }
}

package dev.freshet.server;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** The events of a stream whose events have names, each with JSON data that has it as type. */
final class NamedEvents {
  private static final String EVENT = "event: ";
  private static final String DATA = "data: ";

  private NamedEvents() {}

  static List<JsonNode> of(String body) {
    List<JsonNode> events = new ArrayList<>();
    for (String event : body.split("\n\n", 0)) {
      String[] lines = event.split("\n", 2);
      JsonNode data = ServerFixture.json(lines[1].substring(DATA.length()));
      if (!data.get("type").asString().equals(lines[0].substring(EVENT.length()))) {
        throw new AssertionError("an event whose data has another type: " + event);
      }
      events.add(data);
    }
    return events;
  }

  /** The types of the events, in their order. */
  static List<String> types(List<JsonNode> events) {
    return events.stream().map(event -> event.get("type").asString()).toList();
  }
}

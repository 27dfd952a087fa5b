package dev.freshet.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The choices of a streamed answer, put together from its events. */
final class StreamedChoices {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DATA = "data: ";

  /** What the events of one choice add up to. */
  static final class Choice {
    final StringBuilder text = new StringBuilder();
    final List<Integer> ids = new ArrayList<>();
    final List<Double> logprobs = new ArrayList<>();
    final List<Integer> promptIds = new ArrayList<>();
    String finishReason = "";
  }

  final Map<Integer, Choice> byIndex = new TreeMap<>();

  /** The events that are no choice: the usage, an error. */
  final List<JsonNode> others = new ArrayList<>();

  private StreamedChoices() {}

  /** Reads the body of an answer, which must end with {@code [DONE]}. */
  static StreamedChoices of(String body) {
    StreamedChoices read = new StreamedChoices();
    List<String> events = body.lines().filter(line -> line.startsWith(DATA)).toList();
    if (!events.getLast().equals("data: [DONE]")) {
      throw new AssertionError("the last event is " + events.getLast());
    }
    for (String event : events.subList(0, events.size() - 1)) {
      read.event(JSON.readTree(event.substring(DATA.length())));
    }
    return read;
  }

  /** The choice with this index. */
  Choice choice(int index) {
    return Objects.requireNonNull(byIndex.get(index), "no choice " + index);
  }

  private void event(JsonNode event) {
    if (event.path("choices").isEmpty()) {
      others.add(event);
      return;
    }
    JsonNode part = event.get("choices").get(0);
    Choice choice = byIndex.computeIfAbsent(part.get("index").asInt(), _ -> new Choice());
    if (!choice.finishReason.isEmpty()) {
      throw new AssertionError("an event of a choice that has ended: " + event);
    }
    choice.text.append(part.get("text").asString());
    part.path("token_ids").forEach(id -> choice.ids.add(id.asInt()));
    part.path("prompt_token_ids").forEach(id -> choice.promptIds.add(id.asInt()));
    part.path("logprobs")
        .path("token_logprobs")
        .forEach(logprob -> choice.logprobs.add(logprob.asDouble()));
    JsonNode reason = part.get("finish_reason");
    choice.finishReason = reason.isNull() ? "" : reason.asString();
  }
}

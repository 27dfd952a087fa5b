package dev.freshet.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The messages of a streamed chat, put together from its events as clients do. */
final class StreamedMessages {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DATA = "data: ";

  /** A tool call. */
  static final class Call {
    final String id;
    final String name;
    final StringBuilder arguments = new StringBuilder();

    Call(JsonNode first) {
      this.id = first.get("id").asString();
      this.name = first.get("function").get("name").asString();
    }
  }

  /** What the deltas of one choice add up to. */
  static final class Message {
    final List<String> contents = new ArrayList<>();
    final StringBuilder reasoning = new StringBuilder();
    final List<Call> calls = new ArrayList<>();
    final List<Integer> ids = new ArrayList<>();
    int logprobs;
    int versionEnd;
    String role = "";
    String finishReason = "";

    String content() {
      return String.join("", contents);
    }
  }

  private final Map<Integer, Message> byIndex = new TreeMap<>();

  private StreamedMessages() {}

  /** Reads the body of an answer. */
  static StreamedMessages of(String body) {
    StreamedMessages read = new StreamedMessages();
    body.lines()
        .filter(line -> line.startsWith(DATA) && !line.endsWith("[DONE]"))
        .forEach(line -> read.event(JSON.readTree(line.substring(DATA.length()))));
    return read;
  }

  /** The message of the choice with this index. */
  Message message(int index) {
    return Objects.requireNonNull(byIndex.get(index), "no choice " + index);
  }

  private void event(JsonNode event) {
    for (JsonNode choice : event.get("choices")) {
      Message message = byIndex.computeIfAbsent(choice.get("index").asInt(), _ -> new Message());
      delta(message, choice.get("delta"));
      choice.path("token_ids").forEach(id -> message.ids.add(id.asInt()));
      message.logprobs += choice.path("logprobs").path("content").size();
      for (JsonNode span : choice.path("weight_versions")) {
        if (span.get("start").asInt() != message.versionEnd) {
          throw new AssertionError("a gap before the span " + span);
        }
        message.versionEnd = span.get("end").asInt();
      }
      JsonNode reason = choice.get("finish_reason");
      message.finishReason = reason.isNull() ? "" : reason.asString();
    }
  }

  private static void delta(Message message, JsonNode delta) {
    message.role += delta.path("role").asString("");
    message.reasoning.append(delta.path("reasoning").asString(""));
    if (delta.has("content")) {
      message.contents.add(delta.get("content").asString());
    }
    for (JsonNode piece : delta.path("tool_calls")) {
      int index = piece.get("index").asInt();
      if (index == message.calls.size()) {
        message.calls.add(new Call(piece));
      } else if (piece.has("id") || index != message.calls.size() - 1) {
        throw new AssertionError("a piece out of order: " + piece);
      }
      message
          .calls
          .get(index)
          .arguments
          .append(piece.get("function").path("arguments").asString(""));
    }
  }
}

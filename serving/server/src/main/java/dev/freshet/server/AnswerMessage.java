package dev.freshet.server;

import dev.freshet.text.message.Message;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The message of an answer as a further request of a chat repeats it. Stateless. */
final class AnswerMessage {
  private AnswerMessage() {}

  /** The message as chat templates expect it. */
  static Map<String, @Nullable Object> of(Message message) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("role", "assistant");
    message.content().ifPresent(text -> fields.put("content", text));
    message.reasoning().ifPresent(text -> fields.put("reasoning", text));
    if (!message.calls().isEmpty()) {
      fields.put("tool_calls", message.calls().stream().map(AnswerMessage::call).toList());
    }
    return fields;
  }

  private static Map<String, @Nullable Object> call(Message.Call call) {
    return Map.of(
        "type",
        "function",
        "function",
        Map.of("name", call.name(), "arguments", arguments(call.arguments())));
  }

  private static Object arguments(String json) {
    try {
      return WireReader.object(json);
    } catch (WireException noObject) {
      return List.of(json); // No request can repeat it.
    }
  }
}

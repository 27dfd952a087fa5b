package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the messages of Anthropic's API as chat templates expect them. The text blocks of a message
 * are joined by newlines, as in vLLM; each result of a tool is a message of its own.
 */
final class AnthropicMessages {
  private static final int MAX_BLOCKS = 1024;

  private AnthropicMessages() {}

  static List<Map<String, @Nullable Object>> read(WireReader in) {
    List<Map<String, @Nullable Object>> messages = new ArrayList<>();
    in.elements(ChatRequest.MAX_MESSAGES, () -> messages.addAll(message(in)));
    if (messages.isEmpty()) {
      throw in.expected("at least one message");
    }
    return messages;
  }

  private static List<Map<String, @Nullable Object>> message(WireReader in) {
    Map<String, @Nullable Object> fields = ChatRequestJson.object(in);
    for (String name : fields.keySet()) {
      if (!name.equals("role") && !name.equals("content")) {
        throw in.expected("no field " + Quoted.of(name) + " in a message");
      }
    }
    if (!(fields.get("role") instanceof String role)
        || !(role.equals("user") || role.equals("assistant"))) {
      throw in.expected("a message with the role user or assistant");
    }
    return switch (fields.get("content")) {
      case String text -> List.of(ChatMessages.of(role, text));
      case List<?> blocks when blocks.size() <= MAX_BLOCKS ->
          role.equals("user") ? user(in, blocks) : List.of(assistant(in, blocks));
      case null, default ->
          throw in.expected(
              "a message whose content is a string or a list of at most %d blocks"
                  .formatted(MAX_BLOCKS));
    };
  }

  /** The text of a string or of blocks of type text. */
  static String text(WireReader in) {
    return in.isText() ? in.text() : textOf(in, in.value());
  }

  private static String textOf(WireReader in, @Nullable Object content) {
    if (content instanceof String text) {
      return text;
    }
    if (!(content instanceof List<?> blocks)) {
      throw in.expected("a string or a list of blocks of type text");
    }
    return String.join(
        "\n", blocks.stream().map(block -> textOfBlock(in, fields(in, block), "")).toList());
  }

  private static Map<?, ?> fields(WireReader in, @Nullable Object block) {
    if (block instanceof Map<?, ?> fields && fields.get("type") instanceof String) {
      return fields;
    }
    throw in.expected("blocks with a type");
  }

  private static String textOfBlock(WireReader in, Map<?, ?> block, String others) {
    if ("text".equals(block.get("type")) && block.get("text") instanceof String text) {
      return text;
    }
    throw in.expected(
        "a block of type text%s (images, documents and other blocks are not supported), not %s"
            .formatted(others, Quoted.of(String.valueOf(block.get("type")))));
  }

  private static List<Map<String, @Nullable Object>> user(WireReader in, List<?> blocks) {
    List<Map<String, @Nullable Object>> messages = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (Object element : blocks) {
      Map<?, ?> block = fields(in, element);
      if (!"tool_result".equals(block.get("type"))) {
        texts.add(textOfBlock(in, block, " or tool_result"));
        continue;
      }
      if (!(block.get("tool_use_id") instanceof String id)) {
        throw in.expected("a block of type tool_result with a tool_use_id");
      }
      flush(texts, messages);
      Object content = block.get("content");
      Map<String, @Nullable Object> result =
          ChatMessages.of("tool", content == null ? "" : textOf(in, content));
      result.put("tool_call_id", id);
      messages.add(result);
    }
    if (messages.isEmpty() && texts.isEmpty()) {
      messages.add(ChatMessages.of("user", ""));
    }
    flush(texts, messages);
    return messages;
  }

  private static void flush(List<String> texts, List<Map<String, @Nullable Object>> messages) {
    if (!texts.isEmpty()) {
      messages.add(ChatMessages.of("user", String.join("\n", texts)));
      texts.clear();
    }
  }

  private static Map<String, @Nullable Object> assistant(WireReader in, List<?> blocks) {
    List<String> texts = new ArrayList<>();
    List<String> thoughts = new ArrayList<>();
    List<@Nullable Object> calls = new ArrayList<>();
    for (Object element : blocks) {
      Map<?, ?> block = fields(in, element);
      switch (String.valueOf(block.get("type"))) {
        case "tool_use" -> calls.add(call(in, block));
        case "thinking" -> {
          if (!(block.get("thinking") instanceof String thought)) {
            throw in.expected("a block of type thinking with its text");
          }
          thoughts.add(thought);
        }
        default -> texts.add(textOfBlock(in, block, ", thinking or tool_use"));
      }
    }
    Map<String, @Nullable Object> message = ChatMessages.of("assistant", String.join("\n", texts));
    if (!thoughts.isEmpty()) {
      message.put("reasoning", String.join("\n", thoughts));
    }
    if (!calls.isEmpty()) {
      message.put("tool_calls", calls);
    }
    return message;
  }

  private static Map<String, @Nullable Object> call(WireReader in, Map<?, ?> block) {
    if (!(block.get("id") instanceof String id)
        || !(block.get("name") instanceof String name)
        || !(block.get("input") instanceof Map<?, ?> input)) {
      throw in.expected("a block of type tool_use with id, name and input");
    }
    return ChatMessages.call(id, name, input);
  }
}

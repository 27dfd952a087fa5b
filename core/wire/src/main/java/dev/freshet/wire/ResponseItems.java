package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the input of a request for a response as messages that chat templates expect: messages,
 * calls of functions and their outputs, and reasoning. Calls and reasoning that follow one another
 * are one message of the assistant, as the model wrote them.
 */
final class ResponseItems {
  private static final int MAX_PARTS = 1024;
  private static final Set<String> TEXT_PARTS =
      Set.of("input_text", "output_text", "text", "reasoning_text", "summary_text");

  private final WireReader in;
  private final List<Map<String, @Nullable Object>> messages = new ArrayList<>();

  private ResponseItems(WireReader in) {
    this.in = in;
  }

  static List<Map<String, @Nullable Object>> read(WireReader in) {
    if (in.isText()) {
      return List.of(ChatMessages.of("user", in.text()));
    }
    if (!in.isList()) {
      throw in.expected("a string or a list of items");
    }
    ResponseItems items = new ResponseItems(in);
    in.elements(ChatRequest.MAX_MESSAGES, () -> items.item(ChatRequestJson.object(in)));
    if (items.messages.isEmpty()) {
      throw in.expected("at least one item");
    }
    return items.messages;
  }

  private void item(Map<String, @Nullable Object> item) {
    Object type = item.get("type");
    switch (type == null ? "message" : String.valueOf(type)) {
      case "message" -> message(item);
      case "function_call" -> call(item);
      case "function_call_output" -> {
        if (!(item.get("call_id") instanceof String id)) {
          throw in.expected("an item of type function_call_output with a call_id");
        }
        Map<String, @Nullable Object> output = ChatMessages.of("tool", text(item.get("output")));
        output.put("tool_call_id", id);
        messages.add(output);
      }
      case "reasoning" -> {
        Object content = item.get("content");
        String thoughts = content == null ? text(item.get("summary")) : text(content);
        if (!thoughts.isEmpty()) {
          assistant(false).put("reasoning", thoughts);
        }
      }
      default ->
          throw in.expected(
              "an item of type message, function_call, function_call_output or reasoning, not "
                  + Quoted.of(String.valueOf(type)));
    }
  }

  private void message(Map<String, @Nullable Object> item) {
    if (!(item.get("role") instanceof String role)) {
      throw in.expected("a message with a role");
    }
    String text = text(item.get("content"));
    if (role.equals("assistant")) {
      assistant(false).put("content", text);
    } else {
      messages.add(ChatMessages.of(role.equals("developer") ? "system" : role, text));
    }
  }

  /**
   * The message of the assistant that an item belongs to: the last one if it has only reasoning, or
   * may have calls.
   */
  private Map<String, @Nullable Object> assistant(boolean calling) {
    if (!messages.isEmpty()) {
      Map<String, @Nullable Object> last = messages.getLast();
      boolean open = "".equals(last.get("content")) && !last.containsKey("tool_calls");
      if ("assistant".equals(last.get("role")) && (calling || open)) {
        return last;
      }
    }
    Map<String, @Nullable Object> message = ChatMessages.of("assistant", "");
    messages.add(message);
    return message;
  }

  private void call(Map<String, @Nullable Object> item) {
    if (!(item.get("call_id") instanceof String id)
        || !(item.get("name") instanceof String name)
        || !(item.get("arguments") instanceof String arguments)) {
      throw in.expected("an item of type function_call with call_id, name and arguments");
    }
    Map<String, @Nullable Object> message = assistant(true);
    List<@Nullable Object> calls = new ArrayList<>();
    if (message.get("tool_calls") instanceof List<?> earlier) {
      calls.addAll(earlier);
    }
    calls.add(ChatMessages.call(id, name, ChatMessages.arguments(in, arguments)));
    message.put("tool_calls", calls);
  }

  private String text(@Nullable Object content) {
    return switch (content) {
      case String text -> text;
      case List<?> parts when parts.size() <= MAX_PARTS ->
          String.join("\n", parts.stream().map(this::part).toList());
      case null, default ->
          throw in.expected("a string or a list of at most %d parts of text".formatted(MAX_PARTS));
    };
  }

  private String part(@Nullable Object part) {
    if (part instanceof Map<?, ?> fields
        && fields.get("type") instanceof String type
        && TEXT_PARTS.contains(type)
        && fields.get("text") instanceof String text) {
      return text;
    }
    throw in.expected(
        "{\"type\": \"input_text\", \"text\": …} (images, audio and files are not supported)");
  }
}

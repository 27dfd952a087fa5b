package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the messages of a chat as templates expect them. A content in parts becomes their text, one
 * part a line, as in vLLM, and one without becomes empty text; the arguments of a tool call, which
 * are a string on the wire, become the object that the string has; reasoning has both of its names.
 */
final class ChatMessages {
  /** Parts of a content that have text. */
  private static final Set<String> TEXT_PARTS = Set.of("text", "input_text", "output_text");

  private static final int MAX_PARTS = 1024;
  private static final int MAX_CALLS = 256;

  private ChatMessages() {}

  static List<Map<String, @Nullable Object>> read(WireReader in) {
    List<Map<String, @Nullable Object>> messages = new ArrayList<>();
    in.elements(ChatRequest.MAX_MESSAGES, () -> messages.add(message(in)));
    if (messages.isEmpty()) {
      throw in.expected("at least one message");
    }
    return messages;
  }

  /** A message. */
  static Map<String, @Nullable Object> of(String role, String content) {
    Map<String, @Nullable Object> message = new LinkedHashMap<>();
    message.put("role", role);
    message.put("content", content);
    return message;
  }

  /**
   * A tool call.
   *
   * @param arguments an object
   */
  static Map<String, @Nullable Object> call(String id, String name, Object arguments) {
    Map<String, @Nullable Object> function = new LinkedHashMap<>();
    function.put("name", name);
    function.put("arguments", arguments);
    Map<String, @Nullable Object> call = new LinkedHashMap<>();
    call.put("id", id);
    call.put("type", "function");
    call.put("function", function);
    return call;
  }

  private static Map<String, @Nullable Object> message(WireReader in) {
    Map<String, @Nullable Object> message = new LinkedHashMap<>();
    in.fields(
        name -> {
          if (in.isNull()) {
            if (name.equals("content")) {
              message.put(name, "");
            }
            return;
          }
          switch (name) {
            case "role", "name", "tool_call_id", "reasoning", "reasoning_content" ->
                message.put(name, in.text());
            case "content" -> message.put(name, content(in));
            case "tool_calls" -> message.put(name, calls(in));
            case "refusal", "audio", "function_call", "annotations" ->
                NeutralFields.require(in, isEmpty(in), "null");
            default -> throw in.expected("no field " + Quoted.of(name) + " in a message");
          }
        });
    Object reasoning = message.getOrDefault("reasoning", message.get("reasoning_content"));
    if (reasoning != null) {
      message.put("reasoning", reasoning);
      message.put("reasoning_content", reasoning);
    }
    if (!message.containsKey("role")) {
      throw in.expected("a message with a role");
    }
    if (!message.containsKey("content") && !message.containsKey("tool_calls")) {
      throw in.expected("a message with content or tool_calls");
    }
    message.putIfAbsent("content", "");
    return message;
  }

  private static boolean isEmpty(WireReader in) {
    Object value = in.value();
    return value instanceof List<?> list && list.isEmpty();
  }

  private static String content(WireReader in) {
    if (in.isText()) {
      return in.text();
    }
    if (!in.isList()) {
      throw in.expected("a string or a list of parts");
    }
    List<String> texts = new ArrayList<>();
    in.elements(MAX_PARTS, () -> texts.add(part(in)));
    return String.join("\n", texts);
  }

  private static String part(WireReader in) {
    if (in.isText()) {
      return in.text();
    }
    Map<String, @Nullable Object> part = ChatRequestJson.object(in);
    if (part.get("type") instanceof String type
        && TEXT_PARTS.contains(type)
        && part.get("text") instanceof String text) {
      return text;
    }
    throw in.expected(
        "{\"type\": \"text\", \"text\": …} (images, audio and files are not supported)");
  }

  private static List<@Nullable Object> calls(WireReader in) {
    List<@Nullable Object> calls = new ArrayList<>();
    in.elements(MAX_CALLS, () -> calls.add(call(in)));
    return calls;
  }

  private static Map<String, @Nullable Object> call(WireReader in) {
    Map<String, @Nullable Object> call = ChatRequestJson.object(in);
    if (!(call.get("function") instanceof Map<?, ?> read)
        || !(read.get("name") instanceof String)) {
      throw in.expected("{\"function\": {\"name\": …, \"arguments\": …}}");
    }
    Map<String, @Nullable Object> function = new LinkedHashMap<>();
    read.forEach((name, value) -> function.put((String) name, value));
    if (function.get("arguments") instanceof String arguments) {
      function.put("arguments", arguments(in, arguments));
    }
    call.put("function", function);
    return call;
  }

  /** The object that the arguments of a call are, given as a string. */
  static Object arguments(WireReader in, String arguments) {
    if (arguments.isBlank()) {
      return Map.of();
    }
    try {
      return WireReader.object(arguments);
    } catch (WireException e) {
      throw new WireException(
          in.expected("arguments that are a JSON object").getMessage() + ": " + e.getMessage(), e);
    }
  }
}

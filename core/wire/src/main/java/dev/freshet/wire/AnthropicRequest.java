package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of Anthropic's {@code POST /v1/messages} as a {@link ChatRequest}: the system
 * prompt becomes the first message, blocks become texts, tool calls and messages of tools. {@code
 * null} equals an absent field; a field that is not supported is an error that names it.
 */
public final class AnthropicRequest {
  private static final int MAX_BYTES = 16 << 10;

  private final CompletionRequestBuilder request = new CompletionRequestBuilder();
  private final List<Map<String, @Nullable Object>> tools = new ArrayList<>();
  private Optional<String> system = Optional.empty();
  private Optional<List<Map<String, @Nullable Object>>> messages = Optional.empty();
  private final ToolChoiceJson.OfAnthropic toolChoice = new ToolChoiceJson.OfAnthropic();
  private boolean parallelCalls = true;
  private OptionalInt mostTokens = OptionalInt.empty();

  private AnthropicRequest() {}

  /**
   * Parses a request for a message.
   *
   * @throws WireException naming the field that is missing, unknown, of a wrong type or not
   *     supported
   */
  public static ChatRequest parse(byte[] json) {
    AnthropicRequest read = read(json);
    if (read.mostTokens.isEmpty()) {
      throw new WireException("max_tokens: expected an integer of at least 1, got none");
    }
    return read.build();
  }

  /**
   * Parses a request for the number of a prompt's tokens, which need not have {@code max_tokens}.
   *
   * @throws WireException as {@link #parse}
   */
  public static ChatRequest parseCount(byte[] json) {
    return read(json).build();
  }

  private static AnthropicRequest read(byte[] json) {
    AnthropicRequest fields = new AnthropicRequest();
    try (WireReader in = WireReader.strict(json)) {
      in.documentWithoutNulls(fields::read);
    }
    return fields;
  }

  private ChatRequest build() {
    List<Map<String, @Nullable Object>> all = new ArrayList<>();
    system.ifPresent(text -> all.add(ChatMessages.of("system", text)));
    all.addAll(
        messages.orElseThrow(
            () -> new WireException("messages: expected a list of messages, got none")));
    return ChatRequest.of(request, all, tools, toolChoice.choice(), parallelCalls, mostTokens);
  }

  private void read(String name, WireReader in) {
    switch (name) {
      case "model" -> request.model(in.text());
      case "messages" -> messages = Optional.of(AnthropicMessages.read(in));
      case "system" -> system = Optional.of(AnthropicMessages.text(in));
      case "max_tokens" -> mostTokens = OptionalInt.of(in.integer(1));
      case "stop_sequences" -> {
        List<String> stops = new ArrayList<>();
        in.elements(CompletionRequest.MAX_STOP, () -> stops.add(in.text()));
        request.stop(stops);
      }
      case "temperature" -> request.temperature(in.number());
      case "top_p" -> request.topP(in.number());
      case "top_k" -> request.topK(in.integer(0));
      case "stream" -> request.stream(in.bool());
      case "tools" -> in.elements(ChatRequest.MAX_TOOLS, () -> tools.add(tool(in)));
      case "tool_choice" -> toolChoice(in);
      case "thinking" -> thinking(in);
      case "metadata", "service_tier", "cache_control", "inference_geo" -> in.skip(MAX_BYTES);
      default -> throw new WireException("unknown field " + Quoted.of(name));
    }
  }

  private static Map<String, @Nullable Object> tool(WireReader in) {
    Map<String, @Nullable Object> tool = ChatRequestJson.object(in);
    Object type = tool.getOrDefault("type", "custom");
    if (type != null && !type.equals("custom")) {
      throw in.expected("tools of type custom (those that the server runs are not supported)");
    }
    if (!(tool.get("name") instanceof String called)
        || !(tool.get("input_schema") instanceof Map<?, ?> schema)) {
      throw in.expected("{\"name\": …, \"input_schema\": {…}}");
    }
    Map<String, @Nullable Object> function = new LinkedHashMap<>();
    function.put("name", called);
    if (tool.get("description") instanceof String description) {
      function.put("description", description);
    }
    function.put("parameters", schema);
    Map<String, @Nullable Object> read = new LinkedHashMap<>();
    read.put("type", "function");
    read.put("function", function);
    return read;
  }

  private void toolChoice(WireReader in) {
    in.fields(
        field -> {
          switch (field) {
            case "type" -> toolChoice.type(in);
            case "name" -> toolChoice.name(in);
            case "disable_parallel_tool_use" -> parallelCalls = in.isNull() || !in.bool();
            default -> throw in.expected("no field " + Quoted.of(field));
          }
        });
  }

  private static void thinking(WireReader in) {
    in.fields(
        field ->
            NeutralFields.require(
                in,
                field.equals("type") && in.text().equals("disabled"),
                "{\"type\": \"disabled\"}"));
  }
}

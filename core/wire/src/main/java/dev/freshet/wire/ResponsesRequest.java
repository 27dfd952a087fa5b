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
 * The body of OpenAI's {@code POST /v1/responses}. Nothing is stored between requests, so a request
 * has the whole conversation in its input.
 *
 * @param chat the conversation: the instructions as its first message, then the input
 * @param instructions as given, for the answer
 * @param tools as given, for the answer
 */
public record ResponsesRequest(
    ChatRequest chat, Optional<String> instructions, List<Map<String, @Nullable Object>> tools) {
  /**
   * Parses a request body.
   *
   * @throws WireException naming the field that is missing, unknown, of a wrong type or not
   *     supported
   */
  public static ResponsesRequest parse(byte[] json) {
    Fields fields = new Fields();
    try (WireReader in = WireReader.strict(json)) {
      in.documentWithoutNulls(fields::read);
    }
    return fields.build();
  }

  /** Collects the fields. */
  private static final class Fields {
    private final CompletionRequestBuilder request = new CompletionRequestBuilder();
    private final List<Map<String, @Nullable Object>> tools = new ArrayList<>();
    private final List<Map<String, @Nullable Object>> functions = new ArrayList<>();
    private Optional<String> instructions = Optional.empty();
    private Optional<List<Map<String, @Nullable Object>>> input = Optional.empty();
    private ToolChoice toolChoice = ToolChoice.Mode.AUTO;
    private boolean parallelCalls = true;
    private OptionalInt mostTokens = OptionalInt.empty();

    ResponsesRequest build() {
      List<Map<String, @Nullable Object>> messages = new ArrayList<>();
      instructions.ifPresent(text -> messages.add(ChatMessages.of("system", text)));
      messages.addAll(
          input.orElseThrow(
              () -> new WireException("input: expected a string or a list of items, got none")));
      return new ResponsesRequest(
          ChatRequest.of(request, messages, functions, toolChoice, parallelCalls, mostTokens),
          instructions,
          tools);
    }

    private void read(String name, WireReader in) {
      switch (name) {
        case "model" -> request.model(in.text());
        case "input" -> input = Optional.of(ResponseItems.read(in));
        case "instructions" -> instructions = Optional.of(in.text());
        case "max_output_tokens" -> mostTokens = OptionalInt.of(in.integer(1));
        case "temperature" -> request.temperature(in.number());
        case "top_p" -> request.topP(in.number());
        case "top_k" -> request.topK(in.integer() == -1 ? 0 : in.integer());
        case "seed" -> request.seed(in.longInteger());
        case "priority" -> request.priority(in.longInteger());
        case "cache_salt" -> request.cacheSalt(in.text());
        case "request_id" -> request.requestId(in.text());
        case "stream" -> request.stream(in.bool());
        case "tools" -> in.elements(ChatRequest.MAX_TOOLS, () -> tool(in));
        case "tool_choice" -> toolChoice = ToolChoiceJson.openAi(in);
        case "parallel_tool_calls" -> parallelCalls = in.bool();
        case "text" -> text(in);
        case "structured_outputs" ->
            StructuredOutputJson.structuredOutputs(name, in).ifPresent(request::output);
        case "truncation" ->
            NeutralFields.require(in, in.text().equals("disabled"), "\"disabled\"");
        case "background" -> NeutralFields.require(in, !in.bool(), "false");
        case "top_logprobs" -> NeutralFields.require(in, in.integer() == 0, "0");
        case "include" ->
            in.elements(
                () -> {
                  throw NeutralFields.unsupported(in, "an empty list");
                });
        case "stream_options" ->
            in.fields(
                option ->
                    NeutralFields.require(
                        in, option.equals("include_obfuscation") && !in.bool(), "false"));
        case "reasoning" -> in.fields(field -> NeutralFields.require(in, in.isNull(), "null"));
        case "previous_response_id", "conversation" ->
            throw in.expected("null (responses are not stored: send the whole conversation)");
        case "prompt", "max_tool_calls" -> throw NeutralFields.unsupported(in, "null");
        default -> {
          if (!NeutralFields.read(name, in)) {
            throw new WireException("unknown field " + Quoted.of(name));
          }
        }
      }
    }

    private void tool(WireReader in) {
      Map<String, @Nullable Object> tool = ChatRequestJson.object(in);
      if (!"function".equals(tool.get("type")) || !(tool.get("name") instanceof String)) {
        throw in.expected(
            "{\"type\": \"function\", \"name\": …} (tools that the server runs are not supported)");
      }
      tools.add(tool);
      Map<String, @Nullable Object> function = new LinkedHashMap<>(tool);
      function.remove("type");
      function.values().removeIf(value -> value == null);
      Map<String, @Nullable Object> ofChat = new LinkedHashMap<>();
      ofChat.put("type", "function");
      ofChat.put("function", function);
      functions.add(ofChat);
    }

    private void text(WireReader in) {
      in.fields(
          field -> {
            if (in.isNull()) {
              return;
            }
            if (!field.equals("format")) {
              throw NeutralFields.unsupported(in, "null");
            }
            StructuredOutputJson.textFormat("text/format", in).ifPresent(request::output);
          });
    }
  }
}

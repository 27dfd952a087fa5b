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
 * Reads a {@link ChatRequest}. {@code null} equals an absent field. An unknown field is an error;
 * see {@link NeutralFields} for those that are not supported.
 */
final class ChatRequestJson {
  private static final int MAX_DOCUMENTS = 1024;

  private final CompletionRequestBuilder request =
      new CompletionRequestBuilder().text(TextOptions.DEFAULT.withAddSpecialTokens(false));
  private final SamplingFields sampling = new SamplingFields(request);

  private Optional<List<Map<String, @Nullable Object>>> messages = Optional.empty();
  private List<Map<String, @Nullable Object>> tools = List.of();
  private ToolChoice toolChoice = ToolChoice.Mode.AUTO;
  private final Map<String, @Nullable Object> variables = new LinkedHashMap<>();
  private boolean addGenerationPrompt = true;
  private boolean continueFinalMessage;
  private boolean parallelToolCalls = true;
  private boolean includeReasoning = true;
  private OptionalInt mostTokens = OptionalInt.empty();

  /** By its older name, {@code max_tokens}: the other counts if both are given. */
  private OptionalInt olderMostTokens = OptionalInt.empty();

  private boolean withLogprobs;
  private OptionalInt topLogprobs = OptionalInt.empty();

  ChatRequestJson() {}

  static ChatRequest parse(byte[] json) {
    ChatRequestJson fields = new ChatRequestJson();
    try (WireReader in = WireReader.strict(json)) {
      in.documentWithoutNulls(fields::read);
    }
    return fields.build();
  }

  /** What was read. */
  ChatRequest build() {
    if (messages.isEmpty()) {
      throw new WireException("messages: expected a list of messages, got none");
    }
    if (withLogprobs) {
      request.logprobs(topLogprobs.orElse(0));
    } else {
      WireException.check(
          topLogprobs.orElse(0) == 0,
          "top_logprobs",
          "0, or logprobs: true beside it",
          topLogprobs.orElse(0));
    }
    WireException.check(
        !(continueFinalMessage && addGenerationPrompt),
        "continue_final_message",
        "false, or add_generation_prompt: false beside it",
        true);
    toolChoice.requirePossible(tools, request.output());
    if (mostTokens.isEmpty()) {
      mostTokens = olderMostTokens;
    }
    mostTokens.ifPresent(request::maxTokens);
    // The default of completions is too few for min_tokens; what fits is known with the prompt.
    if (mostTokens.isEmpty()) {
      request.maxTokens(Integer.MAX_VALUE);
    }
    return new ChatRequest(
        SamplingFields.checked(request.prompt(new Prompt.Text("")).build()),
        messages.get(),
        toolChoice == ToolChoice.Mode.NONE ? List.of() : tools,
        toolChoice,
        variables,
        addGenerationPrompt,
        continueFinalMessage,
        parallelToolCalls,
        includeReasoning,
        mostTokens);
  }

  /** Reads the current value, which is not null. */
  void read(String name, WireReader in) {
    switch (name) {
      case "messages" -> messages = Optional.of(ChatMessages.read(in));
      case "max_completion_tokens" -> mostTokens = OptionalInt.of(in.integer(1));
      case "max_tokens" -> olderMostTokens = OptionalInt.of(in.integer(1));
      case "logprobs" -> withLogprobs = in.bool();
      case "top_logprobs" -> topLogprobs = OptionalInt.of(in.integer(0));
      case "tools" -> tools = tools(in);
      case "tool_choice" -> toolChoice = ToolChoiceJson.openAi(in);
      case "chat_template_kwargs" -> variables.putAll(object(in));
      case "documents" -> variables.put(name, documents(in));
      case "reasoning_effort" -> variables.put(name, in.text());
      case "continue_final_message" -> continueFinalMessage = in.bool();
      case "add_generation_prompt" -> addGenerationPrompt = in.bool();
      case "parallel_tool_calls" -> parallelToolCalls = in.bool();
      case "include_reasoning" -> includeReasoning = in.bool();
      default -> {
        if (!sampling.read(name, in)
            && !NeutralFields.readOfChat(name, in)
            && !NeutralFields.read(name, in)) {
          throw new WireException("unknown field " + Quoted.of(name));
        }
      }
    }
  }

  private static List<Map<String, @Nullable Object>> tools(WireReader in) {
    List<Map<String, @Nullable Object>> tools = new ArrayList<>();
    in.elements(ChatRequest.MAX_TOOLS, () -> tools.add(tool(in)));
    return tools;
  }

  private static Map<String, @Nullable Object> tool(WireReader in) {
    Map<String, @Nullable Object> tool = object(in);
    if (!"function".equals(tool.get("type"))
        || !(tool.get("function") instanceof Map<?, ?> function)
        || !(function.get("name") instanceof String)) {
      throw in.expected("{\"type\": \"function\", \"function\": {\"name\": …}}");
    }
    return tool;
  }

  private static List<Map<String, @Nullable Object>> documents(WireReader in) {
    List<Map<String, @Nullable Object>> documents = new ArrayList<>();
    in.elements(MAX_DOCUMENTS, () -> documents.add(object(in)));
    return documents;
  }

  static Map<String, @Nullable Object> object(WireReader in) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    in.fields(name -> object.put(name, in.value()));
    return object;
  }
}

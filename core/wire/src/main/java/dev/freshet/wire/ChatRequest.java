package dev.freshet.wire;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /v1/chat/completions}, in the shape and with the defaults of OpenAI and
 * vLLM. Values of the document that a chat template reads are what {@link WireReader} makes of
 * them.
 *
 * @param sampling everything but the prompt, which is empty, and the most tokens
 * @param messages the conversation as templates expect it: each with its {@code role}; contents are
 *     strings, or null; the arguments of tool calls are objects
 * @param tools what the model may call; empty for none
 * @param toolChoice whether it calls them
 * @param templateVariables further variables of the chat template
 * @param addGenerationPrompt whether the prompt ends with the beginning of the assistant's message
 * @param continueFinalMessage whether the model continues the last message
 * @param parallelToolCalls whether an answer may have several tool calls; the first otherwise
 * @param includeReasoning whether the answer has the model's reasoning, and what of it tells it:
 *     token ids and logprobs
 * @param mostTokens the most tokens to generate; empty for all that fit the context
 */
public record ChatRequest(
    CompletionRequest sampling,
    List<Map<String, @Nullable Object>> messages,
    List<Map<String, @Nullable Object>> tools,
    ToolChoice toolChoice,
    Map<String, @Nullable Object> templateVariables,
    boolean addGenerationPrompt,
    boolean continueFinalMessage,
    boolean parallelToolCalls,
    boolean includeReasoning,
    OptionalInt mostTokens) {
  /** The most messages. */
  public static final int MAX_MESSAGES = 4096;

  /** The most tools. */
  public static final int MAX_TOOLS = 256;

  /**
   * Parses a request body.
   *
   * @throws WireException naming the field that is missing, unknown, of a wrong type or out of
   *     range
   */
  public static ChatRequest parse(byte[] json) {
    return ChatRequestJson.parse(json);
  }

  /**
   * A chat of another API than chat completions, with defaults for what that does not have.
   *
   * @param request everything but the prompt and the most tokens
   */
  static ChatRequest of(
      CompletionRequestBuilder request,
      List<Map<String, @Nullable Object>> messages,
      List<Map<String, @Nullable Object>> tools,
      ToolChoice toolChoice,
      boolean parallelToolCalls,
      OptionalInt mostTokens) {
    toolChoice.requirePossible(tools, request.output());
    return new ChatRequest(
        request.prompt(new Prompt.Text("")).maxTokens(mostTokens.orElse(Integer.MAX_VALUE)).build(),
        messages,
        toolChoice == ToolChoice.Mode.NONE ? List.of() : tools,
        toolChoice,
        Map.of(),
        true,
        false,
        parallelToolCalls,
        true,
        mostTokens);
  }

  /** The requested model; empty for the served one. */
  public Optional<String> model() {
    return sampling.model();
  }

  /** The chat of the first {@code count} messages alone, without the beginning of an answer. */
  public ChatRequest beginning(int count) {
    return new ChatRequest(
        sampling,
        messages.subList(0, count),
        tools,
        toolChoice,
        templateVariables,
        false,
        false,
        parallelToolCalls,
        includeReasoning,
        mostTokens);
  }

  /**
   * The completion of its prompt.
   *
   * @param contextTokens the most tokens of prompt and completion together
   * @throws WireException if the prompt leaves no room for a token, or more tokens are requested
   *     than the context has
   */
  public CompletionRequest completion(int[] prompt, int contextTokens) {
    mostTokens.ifPresent(most -> WireException.checkMostTokens("max_tokens", most, contextTokens));
    int room = contextTokens - prompt.length;
    if (room < 1) {
      throw new WireException(
          "messages: expected at most %d tokens with the chat template, got %d: the context (inference.max_model_len) is %d, and one token is generated"
              .formatted(contextTokens - 1, prompt.length, contextTokens));
    }
    return sampling.toBuilder()
        .prompt(new Prompt.Tokens(prompt))
        .maxTokens(mostTokens.orElse(room))
        .build();
  }
}

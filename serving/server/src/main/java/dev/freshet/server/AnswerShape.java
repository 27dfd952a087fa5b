package dev.freshet.server;

import dev.freshet.engine.FinishReason;
import dev.freshet.text.message.Message;
import dev.freshet.text.message.MessageFormat;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.CompletionRequest;
import java.util.List;
import java.util.Optional;

/**
 * What the answer to a request looks like.
 *
 * @param form how it is written
 * @param whole whether it is one document, and no stream
 * @param messages how the model writes its message
 * @param withReasoning whether the answer has the reasoning
 * @param parallelCalls whether it has more than the first tool call
 * @param forced the tool calls that it must consist of, if it must
 */
record AnswerShape(
    GenerationForm form,
    boolean whole,
    MessageFormat messages,
    boolean withReasoning,
    boolean parallelCalls,
    Optional<ForcedCalls> forced) {
  /** The answer to a request that is no chat. */
  static AnswerShape of(GenerationForm form, CompletionRequest request) {
    return new AnswerShape(
        form, !request.stream(), MessageFormat.PLAIN, true, true, Optional.empty());
  }

  /**
   * The answer to a chat. Without tools the model is expected to call none.
   *
   * @param model how the model writes its messages
   * @param prompt the text that it continues
   * @throws dev.freshet.wire.WireException if it must call tools and has no known syntax for it
   */
  static AnswerShape ofChat(ChatRequest chat, MessageFormat model, String prompt) {
    MessageFormat expected = (chat.tools().isEmpty() ? model.withoutCalls() : model).after(prompt);
    return new AnswerShape(
        GenerationForm.ofChat(chat.sampling().stream()),
        !chat.sampling().stream(),
        expected,
        chat.includeReasoning(),
        chat.parallelToolCalls(),
        ForcedCalls.of(chat, expected.calls()));
  }

  /** Whether the answer has the tool call of this index. */
  boolean hasCall(int index) {
    return index == 0 || parallelCalls;
  }

  /** The tool calls of the answer. */
  List<Message.Call> calls(Message message) {
    List<Message.Call> calls = message.calls();
    return parallelCalls || calls.size() <= 1 ? calls : calls.subList(0, 1);
  }

  /**
   * Whether the answer ends with {@code tool_calls}.
   *
   * @param called whether it has tool calls
   */
  boolean endsWithCalls(boolean called, FinishReason reason) {
    return called && reason == FinishReason.STOP && !forced.map(ForcedCalls::named).orElse(false);
  }

  /** Whether token ids and logprobs are left out, which would tell the reasoning. */
  boolean hidesTokens() {
    return !withReasoning && messages.hasReasoning();
  }

  /** Whether the answer's text has none of the model's special tokens. */
  boolean skipsSpecial(CompletionRequest request) {
    return request.text().skipSpecialTokens() && !expectsCalls();
  }

  /** Whether tool calls are expected, whose tags may be special tokens. */
  boolean expectsCalls() {
    return messages.hasCalls();
  }
}

package dev.freshet.server;

import dev.freshet.http.Exchange;
import dev.freshet.http.JsonBuffer;
import dev.freshet.http.Request;
import dev.freshet.text.Tokenizer;
import dev.freshet.wire.AnthropicRequest;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.ResponsesRequest;

/**
 * Chats in the form of other APIs: Anthropic's messages, and OpenAI's responses. Errors of the
 * first have Anthropic's shape. Thread-safe.
 */
final class MessageRoutes {
  private static final byte[] INPUT_TOKENS = JsonBuffer.ascii("{\"input_tokens\":");

  private final Completions completions;
  private final Tokenizer tokenizer;
  private final ChatPrompts chatPrompts;
  private final RequestWork work;

  MessageRoutes(
      Completions completions, Tokenizer tokenizer, ChatPrompts chatPrompts, RequestWork work) {
    this.completions = completions;
    this.tokenizer = tokenizer;
    this.chatPrompts = chatPrompts;
    this.work = work;
  }

  /** Answers a request for Anthropic's messages. */
  void message(Request http, Exchange exchange, CallScope scope) {
    work.parseBeside(
        http,
        exchange,
        () ->
            completions.ofMessage(
                AnthropicRequest.parse(http.body()),
                (id, model, _) -> new AnthropicForm(id, model),
                http,
                exchange,
                scope));
  }

  /** Answers a request for the number of tokens of a prompt. */
  void countTokens(Request http, Exchange exchange) {
    work.parseBeside(
        http,
        exchange,
        () -> {
          ChatRequest chat = AnthropicRequest.parseCount(http.body());
          chat.model().ifPresent(completions.models()::require);
          work.tokenize(
              chatPrompts.render(chat),
              tokenizer::encodeOrdinary,
              exchange,
              ids ->
                  exchange.answer(
                      200,
                      new JsonBuffer().raw(INPUT_TOKENS).integer(ids.length).raw('}').toBytes()));
        });
  }

  /** Answers a request for OpenAI's responses. */
  void response(Request http, Exchange exchange, CallScope scope) {
    work.parseBeside(
        http,
        exchange,
        () -> {
          ResponsesRequest request = ResponsesRequest.parse(http.body());
          completions.ofMessage(
              request.chat(),
              (id, model, created) -> new ResponsesForm(id, model, created, request),
              http,
              exchange,
              scope);
        });
  }
}

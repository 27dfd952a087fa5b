package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.http.Exchange;
import dev.freshet.http.JsonBuffer;
import dev.freshet.http.Request;
import dev.freshet.text.Tokenizer;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.DetokenizeRequest;
import dev.freshet.wire.TokenizeRequest;
import dev.freshet.wire.WireException;
import java.util.Optional;

/** Texts and chats to token ids, and token ids to text, as vLLM's routes do. Thread-safe. */
final class TokenRoutes {
  private static final byte[] COUNT = ascii("{\"count\":");
  private static final byte[] MAX = ascii(",\"max_model_len\":");
  private static final byte[] TOKENS = ascii(",\"tokens\":[");
  private static final byte[] STRINGS = ascii("],\"token_strs\":");
  private static final byte[] NULL = ascii("null");
  private static final byte[] PROMPT = ascii("{\"prompt\":");

  private final Tokenizer tokenizer;
  private final ChatPrompts chatPrompts;
  private final ModelNames models;
  private final TokenTexts texts;
  private final int contextTokens;
  private final RequestWork work;

  /**
   * @param contextTokens the most tokens of prompt and completion
   */
  TokenRoutes(
      Tokenizer tokenizer,
      ChatPrompts chatPrompts,
      ModelNames models,
      TokenTexts texts,
      int contextTokens,
      RequestWork work) {
    this.tokenizer = tokenizer;
    this.chatPrompts = chatPrompts;
    this.models = models;
    this.texts = texts;
    this.contextTokens = contextTokens;
    this.work = work;
  }

  /** Answers a request for the token ids of a text or a chat. */
  void tokenize(Request http, Exchange exchange) {
    work.parseBeside(
        http,
        exchange,
        () -> {
          TokenizeRequest request = TokenizeRequest.parse(http.body());
          request.model().ifPresent(models::require);
          Optional<ChatRequest> chat = request.chat();
          boolean ordinary = chat.isPresent() || !request.addSpecialTokens();
          work.tokenize(
              chat.map(chatPrompts::render).or(request::text).orElseThrow(),
              ordinary ? tokenizer::encodeOrdinary : tokenizer::encode,
              exchange,
              ids -> exchange.answer(200, tokens(request, ids)));
        });
  }

  private byte[] tokens(TokenizeRequest request, int[] ids) {
    JsonBuffer out = new JsonBuffer();
    out.raw(COUNT).integer(ids.length).raw(MAX).integer(contextTokens).raw(TOKENS);
    for (int i = 0; i < ids.length; i++) {
      out.comma(i).integer(ids[i]);
    }
    out.raw(STRINGS);
    if (request.returnTokenStrings()) {
      out.raw('[');
      for (int i = 0; i < ids.length; i++) {
        out.comma(i).raw(texts.of(ids[i]));
      }
      out.raw(']');
    } else {
      out.raw(NULL);
    }
    return out.raw('}').toBytes();
  }

  /** Answers a request for the text of token ids. */
  void detokenize(Request http, Exchange exchange) {
    work.parseBeside(
        http,
        exchange,
        () -> {
          DetokenizeRequest request = DetokenizeRequest.parse(http.body());
          request.model().ifPresent(models::require);
          for (int id : request.tokens()) {
            if (id >= tokenizer.vocabSize()) {
              throw new WireException(
                  "tokens: expected token ids below %d, got %d"
                      .formatted(tokenizer.vocabSize(), id));
            }
          }
          exchange.answer(
              200,
              new JsonBuffer()
                  .raw(PROMPT)
                  .string(tokenizer.decode(request.tokens(), false))
                  .raw('}')
                  .toBytes());
        });
  }
}

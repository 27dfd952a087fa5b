package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.http.RequestLog;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes the answers to requests, in the form of each API. An answer is opened once its request has
 * an id, a share of the accepted bytes and the outlet of its event loop.
 */
final class AnswerStreams {
  private final Engine engine;
  private final Tokenizer tokenizer;
  private final boolean promptDetails;
  private final TokenTexts texts;
  private final ServerMetrics metrics;
  private final MonotonicClock clock;
  private final InstantSource wallClock;

  /** An answer that is not open yet. */
  @FunctionalInterface
  interface Opening {
    AnswerStream open(CompletionRequest request, LoopOutlet outlet, AcceptedBytes.Share share);
  }

  /**
   * @param promptDetails whether usage has the cached tokens of the prompt
   */
  AnswerStreams(
      Engine engine,
      Tokenizer tokenizer,
      boolean promptDetails,
      TokenTexts texts,
      ServerMetrics metrics,
      MonotonicClock clock,
      InstantSource wallClock) {
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.promptDetails = promptDetails;
    this.texts = texts;
    this.metrics = metrics;
    this.clock = clock;
    this.wallClock = wallClock;
  }

  /** An answer with the choices of each prompt. */
  Opening ofChoices(
      AnswerShape shape, List<AnsweredPrompt> prompts, Request http, Exchange exchange) {
    return (request, outlet, share) ->
        new CompletionStream(
            shape.form(),
            request,
            prompts,
            exchange,
            outlet,
            choices(shape, request, prompts, outlet, http.recvNanos(), exchange.usage()),
            shape
                .form()
                .beginning(request.requestId().orElseThrow(), createdSeconds(), model(request)),
            promptDetails,
            share);
  }

  /** An answer of one message, in the form of another API than chat completions. */
  Opening ofMessage(
      AnswerShape shape, int[] prompt, MessageForm.Maker form, Request http, Exchange exchange) {
    return (request, outlet, share) ->
        new MessageStream(
            request,
            prompt.length,
            shape,
            form.make(request.requestId().orElseThrow(), model(request), createdSeconds()),
            exchange,
            outlet,
            StopText.of(tokenizer, shape, request, prompt),
            new CompletionMeter(metrics, clock, http.recvNanos(), exchange.usage()),
            promptDetails,
            share);
  }

  private String model(CompletionRequest request) {
    return request.model().orElse(engine.modelName());
  }

  private long createdSeconds() {
    return wallClock.millis() / 1000;
  }

  private List<CompletionChoice> choices(
      AnswerShape shape,
      CompletionRequest request,
      List<AnsweredPrompt> prompts,
      LoopOutlet outlet,
      long recvNanos,
      RequestLog.Usage usage) {
    ChoiceJson json =
        new ChoiceJson(
            shape,
            request.returnTokenIds(),
            request.logprobs().isPresent(),
            request.text().tokensAsIds() ? TokenNames.IDS : texts);
    List<CompletionChoice> choices = new ArrayList<>(prompts.size() * request.n());
    for (AnsweredPrompt prompt : prompts) {
      for (int i = 0; i < request.n(); i++) {
        choices.add(
            new CompletionChoice(
                choices.size(),
                request,
                prompt,
                outlet,
                StopText.of(tokenizer, shape, request, prompt.ids()),
                message(shape),
                json,
                new CompletionMeter(metrics, clock, recvNanos, usage)));
      }
    }
    return choices;
  }

  private static Optional<StreamedMessage> message(AnswerShape shape) {
    return shape.form() == GenerationForm.CHAT_CHUNK && !shape.messages().isPlain()
        ? Optional.of(new StreamedMessage(shape))
        : Optional.empty();
  }
}

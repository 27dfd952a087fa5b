package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.TokenConstraint;
import dev.freshet.http.ApiError;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.CompletionsBody;
import dev.freshet.wire.GenerateBody;
import dev.freshet.wire.Prompt;
import dev.freshet.wire.WireException;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks requests for completions of texts, chats and token ids, and submits them to the engine.
 * What precedes their submission is {@link RequestWork}.
 */
final class Completions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Completions.class);
  private static final ApiError STOPPED =
      ApiError.unavailable(
          "shutting_down", "the server was shut down before the completion ended; retry elsewhere");

  private final Engine engine;
  private final Tokenizer tokenizer;
  private final ServedModel model;
  private final ModelNames models;
  private final AnswerStreams answers;
  private final Map<EventLoop, LoopOutlet> outlets;
  private final RequestWork work;
  private final AcceptedBytes accepted;
  private final OutputConstraints constraints;

  Completions(
      Engine engine,
      Tokenizer tokenizer,
      ServedModel model,
      boolean promptDetails,
      TokenTexts texts,
      RequestWork work,
      Map<EventLoop, LoopOutlet> outlets,
      CompletionLimits limits,
      ServerMetrics metrics,
      MonotonicClock clock,
      InstantSource wallClock) {
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.model = model;
    this.models = new ModelNames(engine, model.root(), wallClock.millis() / 1000);
    this.answers =
        new AnswerStreams(engine, tokenizer, promptDetails, texts, metrics, clock, wallClock);
    this.work = work;
    this.outlets = outlets;
    this.accepted = new AcceptedBytes(limits.maxAcceptedBytes());
    this.constraints = new OutputConstraints(tokenizer, model.eosTokens());
  }

  /** Answers a request for text completions. */
  void ofText(Request http, Exchange exchange, CallScope scope) {
    work.parse(
        http,
        exchange,
        () -> {
          CompletionsBody body = CompletionsBody.parse(http.body(), engine.maxModelLen());
          requireKnown(body.request());
          work.tokenize(
              body.prompts(),
              text -> scope.encodeText(body.request(), text, encoder(body.request())),
              prompt -> body.echo() ? Optional.of(text(prompt)) : Optional.empty(),
              exchange,
              prompts ->
                  submit(
                      AnswerShape.of(GenerationForm.TEXT, body.request()),
                      body.request(),
                      prompts,
                      http,
                      exchange,
                      scope));
        });
  }

  private Function<String, int[]> encoder(CompletionRequest request) {
    return request.text().addSpecialTokens() ? tokenizer::encode : tokenizer::encodeOrdinary;
  }

  private String text(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Text(String text) -> text;
      case Prompt.Tokens(int[] ids) -> {
        requireTokens(ids);
        yield tokenizer.decode(ids, true);
      }
    };
  }

  /** Answers a request for chat completions. */
  void ofChat(Request http, Exchange exchange, CallScope scope) {
    work.parseBeside(
        http,
        exchange,
        () -> {
          ChatRequest chat = ChatRequest.parse(http.body());
          requireKnown(chat.sampling());
          String prompt = model.chatPrompts().render(chat);
          work.tokenize(
              prompt,
              text -> scope.encodeChat(chat, text, encoder(chat.sampling())),
              exchange,
              ids ->
                  submit(
                      AnswerShape.ofChat(chat, model.messages(), prompt),
                      chat.completion(ids, engine.maxModelLen()),
                      List.of(AnsweredPrompt.of(ids)),
                      http,
                      exchange,
                      scope));
        });
  }

  /**
   * Answers a chat in the form of another API than chat completions; on a thread for requests.
   *
   * @param form writes the answer
   */
  void ofMessage(
      ChatRequest chat, MessageForm.Maker form, Request http, Exchange exchange, CallScope scope) {
    requireKnown(chat.sampling());
    String prompt = model.chatPrompts().render(chat);
    work.tokenize(
        prompt,
        text -> scope.encodeChat(chat, text, tokenizer::encodeOrdinary),
        exchange,
        ids -> {
          AnswerShape shape = AnswerShape.ofChat(chat, model.messages(), prompt);
          submit(
              shape,
              chat.completion(ids, engine.maxModelLen()),
              List.of(AnsweredPrompt.of(ids)),
              answers.ofMessage(shape, ids, form, http, exchange),
              http,
              exchange,
              scope);
        });
  }

  /** Answers a request that has token ids and asks for token ids. */
  void ofTokens(Request http, Exchange exchange, CallScope scope) {
    work.parse(
        http,
        exchange,
        () -> {
          CompletionRequest request = GenerateBody.parse(http.body(), engine.maxModelLen());
          requireKnown(request);
          int[] ids = ((Prompt.Tokens) request.prompt()).ids();
          List<AnsweredPrompt> prompts = List.of(AnsweredPrompt.of(ids));
          AnswerShape shape = AnswerShape.of(GenerationForm.TOKENS, request);
          work.onLoop(exchange, () -> submit(shape, request, prompts, http, exchange, scope));
        });
  }

  private void requireKnown(CompletionRequest request) {
    request.model().ifPresent(models::require);
    request.stopTokenIds().forEach(id -> requireToken("stop_token_ids", id));
    request.rules().bias().keySet().forEach(id -> requireToken("logit_bias", id));
  }

  private void submit(
      AnswerShape shape,
      CompletionRequest unnamed,
      List<AnsweredPrompt> prompts,
      Request http,
      Exchange exchange,
      CallScope scope) {
    AnswerStreams.Opening answer = answers.ofChoices(shape, prompts, http, exchange);
    submit(shape, unnamed, prompts, answer, http, exchange, scope);
  }

  private void submit(
      AnswerShape shape,
      CompletionRequest unnamed,
      List<AnsweredPrompt> prompts,
      AnswerStreams.Opening answer,
      Request http,
      Exchange exchange,
      CallScope scope) {
    prompts.forEach(prompt -> requireTokens(prompt.ids()));
    CompletionRequest request = withId(unnamed, http.requestId());
    if (OutputConstraints.isNeeded(request, shape)) {
      work.constrain(
          http,
          exchange,
          () -> constraints.of(request, shape),
          made -> begin(shape, request, Optional.of(made), prompts, answer, exchange, scope));
    } else {
      begin(shape, request, Optional.empty(), prompts, answer, exchange, scope);
    }
  }

  private void begin(
      AnswerShape shape,
      CompletionRequest request,
      Optional<TokenConstraint> constraint,
      List<AnsweredPrompt> prompts,
      AnswerStreams.Opening answer,
      Exchange exchange,
      CallScope scope) {
    LoopOutlet outlet =
        Objects.requireNonNull(outlets.get(exchange.loop()), "no outlet for the event loop");
    AcceptedBytes.Share share = accepted.take(request, prompts);
    try {
      AnswerStream stream = answer.open(request, outlet, share);
      stream.begin(
          scope.submit(
              ChoiceRequests.of(
                  request, constraint, models.adapter(request.model()), prompts, model.eosTokens()),
              request,
              shape,
              outlet));
    } catch (RuntimeException | Error e) {
      share.release();
      throw e;
    }
  }

  /** The request with the id of the header, of its body, or a random one, in this order. */
  private static CompletionRequest withId(CompletionRequest request, String header) {
    if (header.isEmpty() && request.requestId().isPresent()) {
      return request;
    }
    String id =
        header.isEmpty()
            ? HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong())
            : header;
    return request.toBuilder().requestId(id).build();
  }

  private void requireTokens(int[] prompt) {
    if (prompt.length == 0) {
      throw new WireException("prompt: expected at least one token, got an empty text");
    }
    for (int id : prompt) {
      requireToken("prompt", id);
    }
  }

  private void requireToken(String field, int id) {
    if (id >= engine.vocabSize()) {
      throw new WireException(
          "%s: expected token ids below %d, got %d".formatted(field, engine.vocabSize(), id));
    }
  }

  /** The models that requests may name. */
  ModelNames models() {
    return models;
  }

  /** Ends the running completions that the request names; returns how many. */
  CompletableFuture<Integer> abort(AbortRequest request) {
    List<CompletableFuture<Integer>> aborted = new ArrayList<>();
    outlets.forEach(
        (loop, outlet) ->
            aborted.add(
                CompletableFuture.supplyAsync(
                    () -> outlet.abort(stream -> isRequested(request, stream)), loop)));
    return CompletableFuture.allOf(aborted.toArray(CompletableFuture[]::new))
        .thenApply(_ -> aborted.stream().mapToInt(CompletableFuture::join).sum());
  }

  private static boolean isRequested(AbortRequest request, LoopOutlet.Stream stream) {
    return request.requestIds().map(stream::isAmong).orElse(true);
  }

  /**
   * Refuses further requests; the running ones continue. Waits at most {@code deadline} until a
   * request that an event loop is submitting is one of those that run.
   */
  void refuse(Duration deadline) {
    work.close();
    CompletableFuture<?>[] submitted =
        outlets.keySet().stream()
            .map(loop -> CompletableFuture.runAsync(() -> {}, loop))
            .toArray(CompletableFuture[]::new);
    try {
      CompletableFuture.allOf(submitted).get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      LOG.warn(
          "an event loop was busy for {} ms: a request that it submits now may end with an error",
          deadline.toMillis());
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Refuses further requests and ends the running ones with an error. */
  @Override
  public void close() {
    work.close();
    outlets.forEach((loop, outlet) -> loop.execute(() -> outlet.fail(STOPPED)));
  }
}

package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.engine.Engine;
import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.JsonBuffer;
import dev.freshet.http.Request;
import dev.freshet.text.StreamDecoder;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.Prompt;
import dev.freshet.wire.WireException;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks completion requests and submits them to the engine. Event loops do only what is short: a
 * large body is parsed and a text prompt is tokenized on other threads, within {@link
 * CompletionLimits}. Every request is answered, whatever is thrown on its way.
 */
final class Completions implements AutoCloseable {
  /** The largest body that is parsed on an event loop. */
  private static final int SMALL_BODY = 64 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(Completions.class);

  private final Engine engine;
  private final Tokenizer tokenizer;
  private final ServedModel model;
  private final ModelNames models;
  private final boolean promptDetails;
  private final TokenTexts texts;
  private final Map<EventLoop, LoopOutlet> outlets;
  private final ServerMetrics metrics;
  private final MonotonicClock clock;
  private final InstantSource wallClock;
  private final BoundedWork parsing;
  private final TextPrompts textPrompts;
  private final AcceptedBytes accepted;
  private volatile boolean closed;

  Completions(
      Engine engine,
      Tokenizer tokenizer,
      ServedModel model,
      boolean promptDetails,
      Map<EventLoop, LoopOutlet> outlets,
      CompletionLimits limits,
      ServerMetrics metrics,
      MonotonicClock clock,
      InstantSource wallClock) {
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.model = model;
    this.models = new ModelNames(engine, model.root(), wallClock.millis() / 1000);
    this.promptDetails = promptDetails;
    this.texts = new TokenTexts(tokenizer, engine.vocabSize());
    this.outlets = outlets;
    this.metrics = metrics;
    this.clock = clock;
    this.wallClock = wallClock;
    this.parsing = new BoundedWork("parse", 1, limits.maxParsingBytes());
    this.textPrompts =
        new TextPrompts(
            tokenizer::encode,
            engine.maxModelLen(),
            tokenizer.maxTextBytes(engine.maxModelLen() - 1),
            limits);
    this.accepted = new AcceptedBytes(limits.maxAcceptedBytes());
  }

  void handle(Request http, Exchange exchange) {
    requireOpen();
    Runnable work = answering(exchange, () -> read(http, exchange));
    if (http.body().length <= SMALL_BODY) {
      work.run();
    } else {
      parsing.execute(http.body().length, work);
    }
  }

  /** The work on a request; whatever it throws is the answer. */
  private static Runnable answering(Exchange exchange, Runnable work) {
    return () -> {
      try {
        work.run();
      } catch (RuntimeException | Error e) {
        exchange.answer(ServerErrors.of(e));
      }
    };
  }

  private void onLoop(Exchange exchange, Runnable work) {
    if (exchange.loop().inEventLoop()) {
      work.run();
      return;
    }
    try {
      exchange.loop().execute(answering(exchange, work));
    } catch (RejectedExecutionException e) {
      LOG.debug("dropped a request: its event loop has ended with its connections");
    }
  }

  private void read(Request http, Exchange exchange) {
    if (!isWanted(exchange)) {
      return;
    }
    CompletionRequest request =
        withId(CompletionRequest.parse(http.body(), engine.maxModelLen()), http.requestId());
    request.model().ifPresent(models::require);
    request.stopTokenIds().forEach(id -> requireToken("stop_token_ids", id));
    request.rules().bias().keySet().forEach(id -> requireToken("logit_bias", id));
    long recvNanos = http.recvNanos();
    switch (request.prompt()) {
      case Prompt.Tokens(int[] ids) ->
          onLoop(exchange, () -> submit(request, ids, exchange, recvNanos));
      case Prompt.Text(String text) ->
          textPrompts.tokenize(
              text,
              () -> isWanted(exchange),
              ids -> onLoop(exchange, () -> submit(request, ids, exchange, recvNanos)),
              error -> exchange.answer(ServerErrors.of(error)));
    }
  }

  /** Whether the client of a request is still connected; refuses it if the server is closed. */
  private boolean isWanted(Exchange exchange) {
    requireOpen();
    return !exchange.isDisconnected();
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

  private void submit(CompletionRequest read, int[] prompt, Exchange exchange, long recvNanos) {
    if (!isWanted(exchange)) {
      return;
    }
    if (prompt.length == 0) {
      throw new WireException("prompt: expected at least one token, got an empty text");
    }
    for (int id : prompt) {
      requireToken("prompt", id);
    }
    CompletionRequest request =
        read.prompt() instanceof Prompt.Text ? read.withPrompt(prompt) : read;
    LoopOutlet outlet =
        Objects.requireNonNull(outlets.get(exchange.loop()), "no outlet for the event loop");
    AcceptedBytes.Share share = accepted.take(request, prompt);
    try {
      CompletionStream stream =
          new CompletionStream(
              request,
              prompt,
              exchange,
              outlet,
              choices(request, prompt, outlet, recvNanos),
              prefix(request),
              promptDetails,
              share);
      stream.begin(
          engine.submit(
              ChoiceRequests.of(
                  request, models.adapter(request.model()), prompt, model.eosTokens()),
              outlet));
    } catch (RuntimeException | Error e) {
      share.release();
      throw e;
    }
  }

  private List<CompletionChoice> choices(
      CompletionRequest request, int[] prompt, LoopOutlet outlet, long recvNanos) {
    return IntStream.range(0, request.n())
        .mapToObj(
            index ->
                new CompletionChoice(
                    request,
                    outlet,
                    new StopText(
                        new StreamDecoder(tokenizer, true, prompt),
                        request.stop(),
                        request.rules().minTokens()),
                    new TokenBatch(
                        index, request.returnTokenIds(), request.logprobs().isPresent(), texts),
                    new CompletionMeter(metrics, clock, recvNanos)))
        .toList();
  }

  private void requireOpen() {
    if (closed) {
      throw new ApiException(ApiError.shuttingDown());
    }
  }

  private void requireToken(String field, int id) {
    if (id >= engine.vocabSize()) {
      throw new WireException(
          "%s: expected token ids below %d, got %d".formatted(field, engine.vocabSize(), id));
    }
  }

  /** The JSON of an answer up to its choices. */
  private byte[] prefix(CompletionRequest request) {
    return new JsonBuffer()
        .raw(ascii("{\"id\":"))
        .string(CompletionStream.ID_PREFIX + request.requestId().orElseThrow())
        .raw(ascii(",\"object\":\"text_completion\",\"created\":"))
        .integer(wallClock.millis() / 1000)
        .raw(ascii(",\"model\":"))
        .string(request.model().orElse(engine.modelName()))
        .raw(ascii(",\"choices\":["))
        .toBytes();
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

  private static boolean isRequested(AbortRequest request, CompletionStream stream) {
    return request.requestIds().map(stream::isAmong).orElse(true);
  }

  /** Refuses further requests and ends the running completions with finish reason abort. */
  @Override
  public void close() {
    closed = true;
    parsing.close();
    textPrompts.close();
    outlets.forEach((loop, outlet) -> loop.execute(() -> outlet.abort(_ -> true)));
  }
}

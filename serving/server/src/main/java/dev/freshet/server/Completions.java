package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.engine.Engine;
import dev.freshet.engine.GenerationRequest;
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
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Checks completion requests and submits them to the engine. A prompt of token ids is handled on
 * its event loop; a text prompt is tokenized on a separate thread, because long text would block
 * the loop.
 */
final class Completions implements AutoCloseable {
  private final Engine engine;
  private final Tokenizer tokenizer;
  private final ServedModel model;
  private final TokenTexts texts;
  private final Map<EventLoop, LoopOutlet> outlets;
  private final ServerMetrics metrics;
  private final MonotonicClock clock;
  private final InstantSource wallClock;
  private final long startedSeconds;
  private final ExecutorService tokenizing =
      Executors.newSingleThreadExecutor(new DefaultThreadFactory("freshet-tokenize", true));
  private volatile boolean closed;

  Completions(
      Engine engine,
      Tokenizer tokenizer,
      ServedModel model,
      Map<EventLoop, LoopOutlet> outlets,
      ServerMetrics metrics,
      MonotonicClock clock,
      InstantSource wallClock) {
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.model = model;
    this.texts = new TokenTexts(tokenizer, engine.vocabSize());
    this.outlets = outlets;
    this.metrics = metrics;
    this.clock = clock;
    this.wallClock = wallClock;
    this.startedSeconds = wallClock.millis() / 1000;
  }

  void handle(Request http, Exchange exchange) {
    requireOpen();
    CompletionRequest request = withId(CompletionRequest.parse(http.body()), http.requestId());
    request.model().ifPresent(this::requireServed);
    request.stopTokenIds().forEach(id -> requireToken("stop_token_ids", id));
    CompletionMeter meter = new CompletionMeter(metrics, clock, http.recvNanos());
    switch (request.prompt()) {
      case Prompt.Tokens(int[] ids) -> submit(request, ids, exchange, meter);
      case Prompt.Text(String text) -> tokenize(request, text, exchange, meter);
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

  private void tokenize(
      CompletionRequest request, String text, Exchange exchange, CompletionMeter meter) {
    try {
      tokenizing.execute(
          () -> {
            try {
              int[] ids = tokenizer.encode(text);
              exchange.loop().execute(() -> submitTokenized(request, ids, exchange, meter));
            } catch (RuntimeException e) {
              exchange.answer(ServerErrors.of(e));
            }
          });
    } catch (RejectedExecutionException e) {
      throw new ApiException(ApiError.shuttingDown());
    }
  }

  private void submitTokenized(
      CompletionRequest request, int[] ids, Exchange exchange, CompletionMeter meter) {
    if (exchange.isDisconnected()) {
      return;
    }
    try {
      requireOpen();
      submit(request, ids, exchange, meter);
    } catch (RuntimeException e) {
      exchange.answer(ServerErrors.of(e));
    }
  }

  private void submit(
      CompletionRequest request, int[] prompt, Exchange exchange, CompletionMeter meter) {
    if (prompt.length == 0) {
      throw new WireException("prompt: expected at least one token, got an empty text");
    }
    for (int id : prompt) {
      requireToken("prompt", id);
    }
    LoopOutlet outlet =
        Objects.requireNonNull(outlets.get(exchange.loop()), "no outlet for the event loop");
    CompletionStream stream =
        new CompletionStream(
            request,
            prompt,
            exchange,
            outlet,
            new StopText(new StreamDecoder(tokenizer, true), request.stop()),
            new TokenBatch(request.returnTokenIds(), request.logprobs().isPresent(), texts),
            prefix(request.requestId().orElseThrow()),
            meter);
    stream.begin(engine.submit(generation(request, prompt), outlet));
  }

  private GenerationRequest generation(CompletionRequest request, int[] prompt) {
    Set<Integer> stops = new HashSet<>(request.stopTokenIds());
    if (!request.ignoreEos()) {
      stops.addAll(model.eosTokens());
    }
    return new GenerationRequest(
        prompt,
        request.maxTokens(),
        request.temperature(),
        request.topP(),
        request.topK(),
        request.seed(),
        stops,
        request.logprobs().orElse(0));
  }

  private void requireOpen() {
    if (closed) {
      throw new ApiException(ApiError.shuttingDown());
    }
  }

  private void requireServed(String name) {
    if (!name.equals(engine.modelName())) {
      throw new ApiException(
          ApiError.notFound(
              "model_not_found",
              "model '%s' is not served, expected '%s'".formatted(name, engine.modelName())));
    }
  }

  private void requireToken(String field, int id) {
    if (id >= engine.vocabSize()) {
      throw new WireException(
          "%s: expected token ids below %d, got %d".formatted(field, engine.vocabSize(), id));
    }
  }

  /** The JSON of an answer up to its choices. */
  private byte[] prefix(String requestId) {
    return new JsonBuffer()
        .raw(ascii("{\"id\":"))
        .string(CompletionStream.ID_PREFIX + requestId)
        .raw(ascii(",\"object\":\"text_completion\",\"created\":"))
        .integer(wallClock.millis() / 1000)
        .raw(ascii(",\"model\":"))
        .string(engine.modelName())
        .raw(ascii(",\"choices\":["))
        .toBytes();
  }

  /** The answer to {@code GET /v1/models}. */
  byte[] models() {
    return new JsonBuffer()
        .raw(ascii("{\"object\":\"list\",\"data\":[{\"id\":"))
        .string(engine.modelName())
        .raw(ascii(",\"object\":\"model\",\"created\":"))
        .integer(startedSeconds)
        .raw(ascii(",\"owned_by\":\"freshet\",\"root\":"))
        .string(model.root())
        .raw(ascii(",\"max_model_len\":"))
        .integer(engine.maxModelLen())
        .raw(ascii("}]}"))
        .toBytes();
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
    return request.requestIds().isEmpty()
        || request.requestIds().get().stream().anyMatch(stream::hasId);
  }

  /** Refuses further requests and ends the running completions with finish reason abort. */
  @Override
  public void close() {
    closed = true;
    tokenizing.shutdown();
    outlets.forEach((loop, outlet) -> loop.execute(() -> outlet.abort(_ -> true)));
  }
}

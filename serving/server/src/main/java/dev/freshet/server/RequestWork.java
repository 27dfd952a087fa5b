package dev.freshet.server;

import dev.freshet.engine.TokenConstraint;
import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.text.Tokenizer;
import dev.freshet.wire.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a request from its bytes to token ids. Event loops do only what is short: a large body
 * is parsed, a chat is rendered, a text is tokenized and a grammar is made on other threads, within
 * {@link CompletionLimits}. Every request is answered, whatever is thrown on its way. Thread-safe.
 */
final class RequestWork implements AutoCloseable {
  /** The largest body that is parsed on an event loop. */
  private static final int SMALL_BODY = 64 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(RequestWork.class);

  private final BoundedWork parsing;
  private final BoundedWork constraining;
  private final TextPrompts textPrompts;
  private volatile boolean closed;

  /**
   * @param contextTokens the most tokens of prompt and completion
   */
  RequestWork(Tokenizer tokenizer, int contextTokens, CompletionLimits limits) {
    this.parsing = new BoundedWork("parse", 1, limits.maxParsingBytes());
    this.constraining = new BoundedWork("constrain", 1, limits.maxParsingBytes());
    this.textPrompts =
        new TextPrompts(
            tokenizer::encode, contextTokens, tokenizer.maxTextBytes(contextTokens - 1), limits);
  }

  /** Parses a request: now if it is small, else on another thread. */
  void parse(Request http, Exchange exchange, Runnable work) {
    if (http.body().length <= SMALL_BODY) {
      requireOpen();
      wanted(exchange, work).run();
    } else {
      parseBeside(http, exchange, work);
    }
  }

  /** Parses a request on another thread. */
  void parseBeside(Request http, Exchange exchange, Runnable work) {
    requireOpen();
    parsing.execute(http.body().length, wanted(exchange, work));
  }

  /** The work on a request that still has a client; whatever it throws is the answer. */
  private Runnable wanted(Exchange exchange, Runnable work) {
    return () -> {
      try {
        if (isWanted(exchange)) {
          work.run();
        }
      } catch (RuntimeException | Error e) {
        exchange.answer(ServerErrors.of(e));
      }
    };
  }

  /** Tokenizes a text on another thread and continues with the token ids on the event loop. */
  void tokenize(
      String text, Function<String, int[]> encode, Exchange exchange, Consumer<int[]> then) {
    textPrompts.tokenize(
        text,
        encode,
        () -> isWanted(exchange),
        ids -> onLoop(exchange, () -> then.accept(ids)),
        error -> exchange.answer(ServerErrors.of(error)));
  }

  /**
   * Turns prompts into token ids, texts one after the other on another thread, and continues on the
   * event loop.
   *
   * @param encode the token ids of a text
   * @param echo the text of a prompt, if it is part of the answer
   */
  void tokenize(
      List<Prompt> prompts,
      Function<String, int[]> encode,
      Function<Prompt, Optional<String>> echo,
      Exchange exchange,
      Consumer<List<AnsweredPrompt>> then) {
    tokenize(prompts, encode, echo, exchange, new ArrayList<>(prompts.size()), then);
  }

  private void tokenize(
      List<Prompt> prompts,
      Function<String, int[]> encode,
      Function<Prompt, Optional<String>> echo,
      Exchange exchange,
      List<AnsweredPrompt> done,
      Consumer<List<AnsweredPrompt>> then) {
    while (done.size() < prompts.size()) {
      Prompt next = prompts.get(done.size());
      switch (next) {
        case Prompt.Tokens(int[] ids) -> done.add(new AnsweredPrompt(ids, echo.apply(next)));
        case Prompt.Text(String text) -> {
          textPrompts.tokenize(
              text,
              encode,
              () -> isWanted(exchange),
              ids ->
                  wanted(
                          exchange,
                          () -> {
                            done.add(new AnsweredPrompt(ids, echo.apply(next)));
                            tokenize(prompts, encode, echo, exchange, done, then);
                          })
                      .run(),
              error -> exchange.answer(ServerErrors.of(error)));
          return;
        }
      }
    }
    onLoop(exchange, () -> then.accept(done));
  }

  /** Makes a constraint on another thread and continues with it on the event loop. */
  void constrain(
      Request http,
      Exchange exchange,
      Supplier<TokenConstraint> make,
      Consumer<TokenConstraint> then) {
    requireOpen();
    constraining.execute(
        http.body().length,
        wanted(
            exchange,
            () -> {
              TokenConstraint made = make.get();
              onLoop(exchange, () -> then.accept(made));
            }));
  }

  /** Continues on the event loop of the request. */
  void onLoop(Exchange exchange, Runnable work) {
    if (exchange.loop().inEventLoop()) {
      work.run();
      return;
    }
    try {
      exchange.loop().execute(wanted(exchange, work));
    } catch (RejectedExecutionException e) {
      LOG.debug("dropped a request: its event loop has ended with its connections");
    }
  }

  /** Whether the client of a request is still connected; refuses it if the server is closed. */
  private boolean isWanted(Exchange exchange) {
    requireOpen();
    return !exchange.isDisconnected();
  }

  private void requireOpen() {
    if (closed) {
      throw new ApiException(ApiError.shuttingDown());
    }
  }

  /** Refuses further requests. */
  @Override
  public void close() {
    closed = true;
    parsing.close();
    constraining.close();
    textPrompts.close();
  }
}

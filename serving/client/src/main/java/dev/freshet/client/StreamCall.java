package dev.freshet.client;

import dev.freshet.client.StreamException.Kind;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.WireException;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * One call of the streaming client. Its result completes once; a failure closes the call's
 * connection. The answer is read only on the connection's event loop; the assembler's monitor
 * guards what others ask of it meanwhile.
 */
final class StreamCall implements Call {
  private final Origin origin;
  private final GenerationRoute route;
  private final byte[] body;
  private final Duration deadline;
  private final MonotonicClock clock;
  private final EventLoop loop;
  private final ConnectionPool pool;
  private final CompletionAssembler assembler;
  private final CompletableFuture<Completion> result = new CompletableFuture<>();
  private final long startNanos;

  private volatile Optional<StreamConnection> connection = Optional.empty();
  private volatile Optional<Future<?>> deadlineTimer = Optional.empty();
  private volatile boolean sent;
  private volatile int tokens;
  private double ttftMs = -1;

  StreamCall(
      Origin origin,
      GenerationRoute route,
      CompletionRequest request,
      Duration deadline,
      MonotonicClock clock,
      EventLoop loop,
      ConnectionPool pool) {
    this.origin = origin;
    this.route = route;
    this.body = route.body(request);
    this.deadline = deadline;
    this.clock = clock;
    this.loop = loop;
    this.pool = pool;
    this.assembler = new CompletionAssembler(request, route);
    this.startNanos = clock.nanos();
    var _ =
        result.whenComplete(
            (completion, error) -> {
              if (error != null) {
                deadlineTimer.ifPresent(timer -> timer.cancel(false));
                connection.ifPresent(StreamConnection::close);
              }
            });
  }

  void begin() {
    try {
      deadlineTimer =
          Optional.of(loop.schedule(this::expire, deadline.toNanos(), TimeUnit.NANOSECONDS));
    } catch (RejectedExecutionException e) {
      cancel();
      return;
    }
    pool.take(origin).ifPresentOrElse(kept -> kept.run(this, true), this::beginFresh);
  }

  /** Starts on a fresh connection. */
  void beginFresh() {
    pool.open(this, loop);
  }

  Origin origin() {
    return origin;
  }

  /** The path of the request. */
  String path() {
    return route.path();
  }

  /** The request's body. */
  byte[] body() {
    return body;
  }

  /** Attaches the call to a connection; false if the call has ended meanwhile. */
  boolean attach(StreamConnection to) {
    connection = Optional.of(to);
    if (result.isDone()) {
      connection = Optional.empty();
      return false;
    }
    sent = true;
    return true;
  }

  /** Detaches the call from its connection, which has read the whole answer. */
  void detach() {
    connection = Optional.empty();
    deadlineTimer.ifPresent(timer -> timer.cancel(false));
  }

  /** Handles the data of one event of the answer. Returns whether the call continues. */
  boolean event(byte[] json, int length) {
    try {
      synchronized (assembler) {
        assembler.accept(json, length);
      }
    } catch (WireException e) {
      fail(Kind.MALFORMED, e.getMessage());
      return false;
    }
    tokens = assembler.tokens();
    if (ttftMs < 0 && assembler.begun()) {
      ttftMs = clock.millisSince(startNanos);
    }
    assembler.error().ifPresent(error -> fail(Kind.FAILED, error.message()));
    return assembler.error().isEmpty();
  }

  /** The stream has ended. */
  void done() {
    try {
      double wallMs = clock.millisSince(startNanos);
      result.complete(assembler.completion(ttftMs < 0 ? wallMs : ttftMs, wallMs));
    } catch (WireException e) {
      fail(Kind.MALFORMED, e.getMessage());
    }
  }

  void unreachable(String message) {
    fail(Kind.UNREACHABLE, "cannot connect: " + message);
  }

  void refused(int status, ErrorBody error) {
    fail(Kind.REFUSED, status, false, "HTTP %d: %s".formatted(status, error.message()));
  }

  void fail(Kind kind, String message) {
    fail(kind, 0, !sent, message);
  }

  private void fail(Kind kind, int status, boolean neverHandled, String message) {
    result.completeExceptionally(
        new StreamException(
            kind,
            status,
            neverHandled,
            "POST %s%s: %s".formatted(origin.root(), route.path(), message)));
  }

  private void expire() {
    fail(
        Kind.DEADLINE,
        "not finished within %d ms, after %d tokens".formatted(deadline.toMillis(), tokens));
    connection.ifPresent(StreamConnection::close);
  }

  @Override
  public CompletableFuture<Completion> result() {
    return result;
  }

  @Override
  public int tokens() {
    return tokens;
  }

  @Override
  public Received received(int from) {
    synchronized (assembler) {
      return assembler.received(from);
    }
  }

  @Override
  public void cancel() {
    fail(Kind.CANCELLED, "cancelled after %d tokens".formatted(tokens));
  }
}

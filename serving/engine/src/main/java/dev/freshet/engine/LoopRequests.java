package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What other threads want of the decode loop, which looks here between two steps. Thread-safe.
 * Every request is answered: by the loop, or, once the loop has ended, with an {@link
 * EngineException}.
 */
final class LoopRequests<W extends PolicyWeights> {
  /** One wish. */
  sealed interface Request<W extends PolicyWeights> {
    /** Nobody will fulfil it any more. */
    void refuse(EngineException why);
  }

  /**
   * Weights to generate with from the next step on. Exactly one of two things happens to them: the
   * loop {@link #claim}s them and gives the replaced ones in exchange, or they are withdrawn and
   * stay their owner's.
   */
  static final class Exchange<W extends PolicyWeights> implements Request<W> {
    private final W weights;
    private final UpdateMode mode;
    private final AtomicBoolean decided = new AtomicBoolean();
    private final CompletableFuture<Exchanged<W>> outcome = new CompletableFuture<>();

    private final long offeredNanos;

    private Exchange(W weights, UpdateMode mode, long offeredNanos) {
      this.weights = weights;
      this.mode = mode;
      this.offeredNanos = offeredNanos;
    }

    W weights() {
      return weights;
    }

    UpdateMode mode() {
      return mode;
    }

    /** Whether the weights are the loop's now, which then must {@link #done} them. */
    boolean claim() {
      return decided.compareAndSet(false, true);
    }

    /** Whether their owner has taken them back. */
    boolean withdrawn() {
      return decided.get();
    }

    void done(W replaced, long startNanos, long swappedNanos, long doneNanos) {
      outcome.complete(
          new Exchanged<>(replaced, offeredNanos, startNanos, swappedNanos, doneNanos));
    }

    @Override
    public void refuse(EngineException why) {
      if (claim()) {
        outcome.completeExceptionally(why);
      }
    }
  }

  /**
   * What the loop gives back: the weights it no longer reads, and when what happened, on the
   * engine's clock.
   *
   * @param offeredNanos the exchange was asked for
   * @param startNanos the step before had ended, and nothing else was to be waited for
   * @param swappedNanos the reference was exchanged
   * @param doneNanos decoding went on
   */
  record Exchanged<W extends PolicyWeights>(
      W replaced, long offeredNanos, long startNanos, long swappedNanos, long doneNanos) {
    WeightUpdate.CommitTimes times() {
      return new WeightUpdate.CommitTimes(
          (startNanos - offeredNanos) / 1e6,
          (swappedNanos - startNanos) / 1e6,
          (doneNanos - swappedNanos) / 1e6,
          (doneNanos - startNanos) / 1e6);
    }
  }

  /** To generate no more for now; {@code inForce} completes once that is so. */
  record Pause<W extends PolicyWeights>(
      PauseMode mode, boolean clearCache, CompletableFuture<Void> inForce) implements Request<W> {
    @Override
    public void refuse(EngineException why) {
      inForce.completeExceptionally(why);
    }
  }

  /** To go on; {@code done} completes once that is so. */
  record Resume<W extends PolicyWeights>(CompletableFuture<Void> done) implements Request<W> {
    @Override
    public void refuse(EngineException why) {
      done.completeExceptionally(why);
    }
  }

  private final MonotonicClock clock;
  private final Runnable wake;
  private final Queue<Request<W>> requests = new ArrayDeque<>();
  private boolean closed;

  /**
   * @param wake wakes a loop that sleeps
   */
  LoopRequests(MonotonicClock clock, Runnable wake) {
    this.clock = clock;
    this.wake = wake;
  }

  /** Whether the loop has something to look at. */
  synchronized boolean isPending() {
    return !requests.isEmpty();
  }

  /** The next request, for the loop. */
  synchronized Optional<Request<W>> poll() {
    return Optional.ofNullable(requests.poll());
  }

  /** Hands a request to the loop. */
  void submit(Request<W> request) {
    boolean accepted;
    synchronized (this) {
      accepted = !closed && requests.add(request);
    }
    if (accepted) {
      wake.run();
    } else {
      request.refuse(ended());
    }
  }

  /**
   * Has the loop exchange its weights, and waits until it has. When this throws, {@code weights}
   * are the caller's still.
   *
   * @throws EngineException if the loop does not come to it within {@code deadline}, refuses, or
   *     has ended
   */
  Exchanged<W> exchange(W weights, UpdateMode mode, Duration deadline) {
    Exchange<W> exchange = new Exchange<>(weights, mode, clock.nanos());
    submit(exchange);
    String what =
        mode == UpdateMode.DRAIN ? "running completions to end" : "the decode step to end";
    try (Waits.Open _ = Waits.begin("inference", what, "the decode loop", deadline)) {
      return exchange.outcome.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return orWithdraw(
          exchange,
          new EngineException(
              EngineException.Kind.INTERNAL,
              "version %d was not swapped in: %s within %d ms"
                  .formatted(
                      weights.version(),
                      mode == UpdateMode.DRAIN
                          ? "the running completions did not end"
                          : "no decode step ended",
                      deadline.toMillis()),
              e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return orWithdraw(
          exchange,
          new EngineException(
              EngineException.Kind.INTERNAL,
              "interrupted while waiting for a decode step to end",
              e));
    } catch (ExecutionException e) {
      throw cause(e);
    }
  }

  /**
   * Takes the weights back, or, if the loop was quicker, waits for it to hand the old ones over.
   */
  private Exchanged<W> orWithdraw(Exchange<W> exchange, EngineException why) {
    if (exchange.claim()) {
      wake.run(); // A loop that drains for them has nothing to drain for any more.
      throw why;
    }
    return exchange.outcome.join();
  }

  private static EngineException cause(ExecutionException e) {
    return e.getCause() instanceof EngineException refused
        ? refused
        : new EngineException(
            EngineException.Kind.INTERNAL, "the exchange of weights failed: " + e.getCause(), e);
  }

  /** Called by the loop when it ends. */
  void close() {
    Queue<Request<W>> left;
    synchronized (this) {
      closed = true;
      left = new ArrayDeque<>(requests);
      requests.clear();
    }
    left.forEach(request -> request.refuse(ended()));
  }

  static EngineException ended() {
    return new EngineException(EngineException.Kind.OVERLOADED, "the engine is shutting down");
  }
}

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
 * Requests of other threads to the decode loop, which polls them between two steps. Every request
 * is answered: by the loop, or with an {@link EngineException} once the loop has ended.
 * Thread-safe.
 */
final class LoopRequests<W extends PolicyWeights> {
  /** A request to the loop. */
  sealed interface Request<W extends PolicyWeights> {
    /** Fails the request. */
    void refuse(EngineException why);
  }

  /**
   * New weights to serve from the next step on. Either the loop {@link #claim}s them and returns
   * the replaced weights, or the request is withdrawn and the caller keeps them.
   */
  static final class Swap<W extends PolicyWeights> implements Request<W> {
    private final W weights;
    private final UpdateMode mode;
    private final AtomicBoolean decided = new AtomicBoolean();
    private final CompletableFuture<Swapped<W>> outcome = new CompletableFuture<>();
    private final long offeredNanos;

    private Swap(W weights, UpdateMode mode, long offeredNanos) {
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

    /** Takes ownership of the weights; the loop must then call {@link #done}. */
    boolean claim() {
      return decided.compareAndSet(false, true);
    }

    /** Whether the caller has taken the weights back. */
    boolean withdrawn() {
      return decided.get();
    }

    void done(W replaced, long startNanos, long swappedNanos, long doneNanos) {
      outcome.complete(new Swapped<>(replaced, offeredNanos, startNanos, swappedNanos, doneNanos));
    }

    /** Also fails a swap that the loop claimed and did not complete. */
    @Override
    public void refuse(EngineException why) {
      decided.set(true);
      outcome.completeExceptionally(why);
    }
  }

  /**
   * The outcome of a swap. Times are on the engine's clock.
   *
   * @param replaced the weights that the loop no longer reads
   * @param offeredNanos when the swap was requested
   * @param startNanos when the loop started it, after the current step and, with mode drain, after
   *     the running completions
   * @param swappedNanos when the new weights served
   * @param doneNanos when decoding continued
   */
  record Swapped<W extends PolicyWeights>(
      W replaced, long offeredNanos, long startNanos, long swappedNanos, long doneNanos) {
    WeightUpdate.CommitTimes times() {
      return new WeightUpdate.CommitTimes(
          (startNanos - offeredNanos) / 1e6,
          (swappedNanos - startNanos) / 1e6,
          (doneNanos - swappedNanos) / 1e6,
          (doneNanos - startNanos) / 1e6);
    }
  }

  /** Pauses the loop; {@code inForce} completes once no token is generated any more. */
  record Pause<W extends PolicyWeights>(
      PauseMode mode, boolean clearCache, CompletableFuture<Void> inForce) implements Request<W> {
    @Override
    public void refuse(EngineException why) {
      inForce.completeExceptionally(why);
    }
  }

  /** Resumes the loop; {@code done} completes once it has. */
  record Resume<W extends PolicyWeights>(CompletableFuture<Void> done) implements Request<W> {
    @Override
    public void refuse(EngineException why) {
      done.completeExceptionally(why);
    }
  }

  /**
   * Calls {@code unused} on the loop's thread once no sequence uses an adapter that new ones cannot
   * choose any more. Not called if the loop has ended.
   */
  record Retire<W extends PolicyWeights>(ServedAdapter adapter, Runnable unused)
      implements Request<W> {
    @Override
    public void refuse(EngineException why) {}
  }

  private final MonotonicClock clock;
  private final Runnable wake;
  private final Queue<Request<W>> requests = new ArrayDeque<>();
  private Optional<EngineException> closed = Optional.empty();

  /**
   * @param wake wakes the loop if it sleeps
   */
  LoopRequests(MonotonicClock clock, Runnable wake) {
    this.clock = clock;
    this.wake = wake;
  }

  /** Whether a request waits. */
  synchronized boolean isPending() {
    return !requests.isEmpty();
  }

  /** Takes the next request. Called by the loop. */
  synchronized Optional<Request<W>> poll() {
    return Optional.ofNullable(requests.poll());
  }

  /** Hands a request to the loop. */
  void submit(Request<W> request) {
    Optional<EngineException> refusal;
    synchronized (this) {
      refusal = closed;
      if (closed.isEmpty()) {
        requests.add(request);
      }
    }
    refusal.ifPresentOrElse(request::refuse, wake);
  }

  /**
   * Swaps the loop's weights and waits for the outcome. If this throws, the caller still owns
   * {@code weights}.
   *
   * @throws EngineException if the loop does not swap them within {@code deadline}, refuses, or has
   *     ended
   */
  Swapped<W> swap(W weights, UpdateMode mode, Duration deadline) {
    Swap<W> swap = new Swap<>(weights, mode, clock.nanos());
    submit(swap);
    String what =
        mode == UpdateMode.DRAIN ? "running completions to end" : "the decode step to end";
    try (Waits.Open _ = Waits.begin("inference", what, "the decode loop", deadline)) {
      return swap.outcome.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return withdrawOrAwait(
          swap,
          new EngineException(
              EngineException.Kind.INTERNAL,
              "cannot swap in version %d: %s within %d ms"
                  .formatted(
                      weights.version(),
                      mode == UpdateMode.DRAIN
                          ? "the running completions did not end"
                          : "no decode step ended",
                      deadline.toMillis()),
              e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return withdrawOrAwait(
          swap,
          new EngineException(
              EngineException.Kind.INTERNAL,
              "interrupted while waiting for a decode step to end",
              e));
    } catch (ExecutionException e) {
      throw cause(e);
    }
  }

  /** Takes the weights back, or, if the loop already claimed them, waits for the outcome. */
  private Swapped<W> withdrawOrAwait(Swap<W> swap, EngineException why) {
    if (swap.claim()) {
      wake.run(); // So that a loop that drains for them admits again.
      throw why;
    }
    return swap.outcome.join();
  }

  private static EngineException cause(ExecutionException e) {
    return e.getCause() instanceof EngineException refused
        ? refused
        : new EngineException(
            EngineException.Kind.INTERNAL, "the weight swap failed: " + e.getCause(), e);
  }

  /** Refuses all requests from now on. Called by the loop when it ends. */
  void close(EngineException why) {
    Queue<Request<W>> left;
    synchronized (this) {
      closed = Optional.of(why);
      left = new ArrayDeque<>(requests);
      requests.clear();
    }
    left.forEach(request -> request.refuse(why));
  }

  static EngineException ended() {
    return new EngineException(EngineException.Kind.OVERLOADED, "the engine is shutting down");
  }
}

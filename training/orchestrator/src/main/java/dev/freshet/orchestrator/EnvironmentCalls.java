package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.environments.EpisodeDeadlineException;
import dev.freshet.environments.PolicyCallException;
import dev.freshet.environments.UnusableStepException;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls environments on platform threads of its own, a bounded number at a time, so that a grader
 * that computes or blocks holds up no virtual thread. A call that does not return within its
 * deadline, or whose scope is cancelled, is interrupted and given up. A thread that does not end
 * then is replaced, at most {@value #MOST_STUCK} threads at a time. Whatever a call throws, an
 * error too, is a {@link RolloutFailure}. Thread-safe; the owner closes it.
 */
final class EnvironmentCalls implements AutoCloseable {
  /** The most threads that calls which were given up may hold beside those at work. */
  static final int MOST_STUCK = 64;

  private static final Logger LOG = LoggerFactory.getLogger(EnvironmentCalls.class);

  /** How long a call of {@link #finish} waits for a thread, in deadlines of a call. */
  private static final int FINISH_DEADLINES = 8;

  private static final long POLL_MILLIS = 100;
  private static final long END_SECONDS = 5;

  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().daemon().name("freshet-environment-", 0).factory());
  private final Semaphore places;
  private final AtomicInteger stuck = new AtomicInteger();
  private final long deadlineNanos;
  private final MonotonicClock clock;
  private final RoleClock time;

  /**
   * @param most calls at a time
   * @param deadline of a call
   * @param time the orchestrator's
   */
  EnvironmentCalls(int most, Duration deadline, MonotonicClock clock, RoleClock time) {
    this.places = new Semaphore(most);
    this.deadlineNanos = deadline.toNanos();
    this.clock = clock;
    this.time = time;
  }

  /**
   * Runs {@code call} and returns its result.
   *
   * @param what names the call in messages: an environment and what it is asked
   * @param endNanos when the result is of no more use, by the clock
   */
  <T> T call(String what, Calls scope, long endNanos, Callable<T> call)
      throws RolloutFailure, InterruptedException {
    if (clock.nanos() - endNanos >= 0) {
      throw RolloutFailure.of(
          FailureReason.DEADLINE,
          what + ": not asked, because the deadline of the episode has passed");
    }
    awaitPlace(what, scope, endNanos);
    long end = clock.nanos() + Math.min(endNanos - clock.nanos(), deadlineNanos);
    Running<T> running = new Running<>(call);
    try {
      threads.execute(running);
    } catch (RuntimeException | Error e) { // No thread could be started.
      places.release();
      throw e;
    }
    try (RoleClock.Activity _ = time.begin(RoleState.ENVIRONMENT);
        Waits.Open _ =
            Waits.begin("orchestrator", "an environment", what, Duration.ofNanos(deadlineNanos))) {
      return result(running, what, scope, end);
    } finally {
      running.giveUp();
    }
  }

  /**
   * As {@link #call}, for what must be done even if the rollout is cancelled or late. It waits
   * longer for a thread than it may take itself: an episode that gets none stays open.
   */
  <T> T finish(String what, Callable<T> call) throws RolloutFailure, InterruptedException {
    return call(what, new Calls(), clock.nanos() + FINISH_DEADLINES * deadlineNanos, call);
  }

  private void awaitPlace(String what, Calls scope, long endNanos)
      throws RolloutFailure, InterruptedException {
    try (RoleClock.Activity _ = time.begin(RoleState.PLACE)) {
      while (!places.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        requireWanted(what, scope);
        if (clock.nanos() - endNanos >= 0) {
          throw RolloutFailure.of(
              FailureReason.DEADLINE,
              "%s: the episode's deadline passed before a thread was free; %d threads are held by calls that do not end"
                  .formatted(what, stuck.get()));
        }
      }
    }
  }

  private <T> T result(Running<T> running, String what, Calls scope, long end)
      throws RolloutFailure, InterruptedException {
    long begin = clock.nanos();
    while (true) {
      long left = Math.max(0, end - clock.nanos());
      try {
        return running.result.get(
            Math.min(left, TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS)), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        requireWanted(what, scope);
        if (left == 0) {
          throw RolloutFailure.of(
              FailureReason.DEADLINE,
              "%s: did not return within %.1f s".formatted(what, clock.millisSince(begin) / 1e3));
        }
      } catch (ExecutionException e) {
        throw failure(what, e.getCause() == null ? e : e.getCause());
      }
    }
  }

  private static void requireWanted(String what, Calls scope) throws RolloutFailure {
    if (scope.cancelled()) {
      throw RolloutFailure.of(FailureReason.DEADLINE, what + ": cancelled");
    }
  }

  private static RolloutFailure failure(String what, Throwable cause) {
    return switch (cause) {
      case RolloutFailure known -> known;
      case PolicyCallException e ->
          RolloutFailure.ofServer("%s: %s".formatted(what, OneLine.of(e)), true);
      case EpisodeDeadlineException e ->
          RolloutFailure.of(FailureReason.DEADLINE, "%s: %s".formatted(what, OneLine.of(e)));
      case UnusableStepException e ->
          RolloutFailure.of(
              switch (e.kind()) {
                case SIZE -> FailureReason.SIZE;
                case FORMAT -> FailureReason.FORMAT;
                case REWARD -> FailureReason.REWARD;
              },
              "%s: %s".formatted(what, OneLine.of(e)));
      default -> {
        LOG.debug("{} failed", what, cause);
        yield RolloutFailure.of(
            FailureReason.ENVIRONMENT,
            "%s: %s: %s".formatted(what, cause.getClass().getSimpleName(), OneLine.of(cause)));
      }
    };
  }

  /** Interrupts calls that still run and waits a moment for their threads. */
  @Override
  public void close() throws InterruptedException {
    threads.shutdownNow();
    if (!threads.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
      LOG.warn("{} calls of environments do not end: their threads are left behind", stuck.get());
    }
  }

  /** A call on its thread. Its place is free again once it has ended or was given up. */
  private final class Running<T> implements Runnable {
    private final Callable<T> call;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private Optional<Thread> thread = Optional.empty();
    private boolean ended;
    private boolean givenUp;
    private boolean keepsPlace = true;

    Running(Callable<T> call) {
      this.call = call;
    }

    @Override
    public void run() {
      if (begin()) {
        try {
          result.complete(call.call());
        } catch (Throwable e) {
          result.completeExceptionally(e);
        }
      }
      end();
    }

    private synchronized boolean begin() {
      thread = Optional.of(Thread.currentThread());
      return !givenUp;
    }

    private synchronized void end() {
      ended = true;
      Thread.interrupted(); // What was meant for this call is not for the thread's next one.
      if (givenUp) {
        stuck.decrementAndGet();
      }
      if (keepsPlace) {
        places.release();
      }
    }

    /** The caller no longer waits for the result. */
    synchronized void giveUp() {
      if (ended || givenUp || result.isDone()) {
        return; // A result comes a moment before the end.
      }
      givenUp = true;
      thread.ifPresent(Thread::interrupt);
      if (stuck.incrementAndGet() <= MOST_STUCK) {
        keepsPlace = false;
        places.release();
      }
    }
  }
}

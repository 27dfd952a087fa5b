package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Waits;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what a weight operation does with files. A file system can hang, for example NFS without its
 * server, and nothing can interrupt a thread in it. Each piece of work therefore has a thread of
 * its own. At the operation's deadline, on an interrupt and on {@link #close}, the operation ends
 * and abandons the thread: it stays until the file system answers, and then releases what it read.
 * At most {@value #MOST_ABANDONED} threads are abandoned at a time; then further work is refused.
 *
 * <p>The threads are daemons and never call libtorch, so they hold up no exit. One thread at a time
 * calls {@link #run}; {@link #close} may be called from any.
 */
final class FileWork implements AutoCloseable {
  static final int MOST_ABANDONED = 8;

  private static final Logger LOG = LoggerFactory.getLogger(FileWork.class);

  private final MonotonicClock clock;
  private final AtomicInteger abandoned = new AtomicInteger();
  private volatile CompletableFuture<?> current = CompletableFuture.completedFuture(true);
  private volatile boolean closed;

  FileWork(MonotonicClock clock) {
    this.clock = clock;
  }

  /**
   * Runs {@code work} and returns its result, or throws what it throws.
   *
   * @param what what is read, for messages
   * @param dueNanos when the operation's deadline passes, on the clock
   * @param release releases a result that comes after the work was abandoned
   * @throws EngineException CONFLICT if the work is abandoned at the deadline; OVERLOADED if it is
   *     refused or the engine closes
   */
  <T> T run(String what, long dueNanos, Supplier<T> work, Consumer<T> release) {
    requireRoom(what);
    CompletableFuture<T> result = new CompletableFuture<>();
    current = result;
    if (closed) {
      throw LoopRequests.ended();
    }
    long startNanos = clock.nanos();
    Thread _ =
        Thread.ofPlatform()
            .name("freshet-weight-files")
            .daemon()
            .start(() -> carryOut(what, startNanos, work, release, result));
    Duration left = Duration.ofNanos(Math.max(0, dueNanos - startNanos));
    try (Waits.Open _ = Waits.begin("inference", "reading " + what, "the file system", left)) {
      return result.get(left.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return abandonOrTake(
          result,
          new EngineException(
              EngineException.Kind.CONFLICT,
              "cannot read %s: the file system did not answer before the operation's deadline"
                  .formatted(what),
              e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return abandonOrTake(
          result,
          new EngineException(
              EngineException.Kind.INTERNAL, "interrupted while reading " + what, e));
    } catch (ExecutionException e) {
      throw cause(what, e);
    }
  }

  /**
   * Checks that {@link #run} would not refuse work now.
   *
   * @throws EngineException OVERLOADED if it would
   */
  void requireRoom(String what) {
    if (closed) {
      throw LoopRequests.ended();
    }
    if (abandoned.get() >= MOST_ABANDONED) {
      throw new EngineException(
          EngineException.Kind.OVERLOADED,
          "cannot read %s: %d earlier operations still hang in the file system; repair it, or restart the server"
              .formatted(what, abandoned.get()));
    }
  }

  /** Throws {@code why} and lets the thread release its result, unless the result is there now. */
  private <T> T abandonOrTake(CompletableFuture<T> result, EngineException why) {
    if (abandon(result, why)) {
      throw why;
    }
    try {
      return result.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException failed ? failed : e;
    }
  }

  private boolean abandon(CompletableFuture<?> result, EngineException why) {
    abandoned.incrementAndGet();
    if (result.completeExceptionally(why)) {
      LOG.error("{}; its thread stays until the file system answers", why.getMessage());
      return true;
    }
    abandoned.decrementAndGet();
    return false;
  }

  private <T> void carryOut(
      String what,
      long startNanos,
      Supplier<T> work,
      Consumer<T> release,
      CompletableFuture<T> result) {
    boolean taken;
    try {
      T value = work.get();
      taken = result.complete(value);
      if (!taken) {
        release.accept(value);
      }
    } catch (RuntimeException | Error e) {
      taken = result.completeExceptionally(e);
    }
    if (!taken) {
      abandoned.decrementAndGet();
      LOG.warn(
          "{}: the file system answered after {} ms; the operation had ended",
          what,
          Math.round(clock.millisSince(startNanos)));
    }
  }

  private static RuntimeException cause(String what, ExecutionException failed) {
    return switch (failed.getCause()) {
      case RuntimeException e -> e;
      case OutOfMemoryError e ->
          new EngineException(
              EngineException.Kind.INTERNAL,
              "too little memory to read %s: the heap has %d MiB; start the server with a larger one"
                  .formatted(what, Runtime.getRuntime().maxMemory() >> 20),
              e);
      case null, default ->
          new EngineException(
              EngineException.Kind.INTERNAL,
              "cannot read %s: %s".formatted(what, failed.getCause()),
              failed);
    };
  }

  /** Ends the current work and refuses further work: the engine is shutting down. */
  @Override
  public void close() {
    closed = true;
    var _ = abandon(current, LoopRequests.ended());
  }
}

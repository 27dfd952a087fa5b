package dev.freshet.inference.front;

import dev.freshet.client.UpdateWeightsRequest;
import dev.freshet.client.WeightsAnswer;
import dev.freshet.inference.Engine;
import dev.freshet.inference.WeightUpdate;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.TraceId;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Carries out weight operations, one after the other in the order they came, on a thread of their
 * own. An operation is known by its trace id: asked for again while it waits, runs or has lately
 * succeeded, it is joined and never started twice. A failed one may be tried again under its id.
 * Thread-safe.
 */
final class AdminOperations implements AutoCloseable {
  /** How many operations may wait; a client has one in flight. */
  private static final int MAX_WAITING = 16;

  /** How many that succeeded are remembered. */
  private static final int MAX_REMEMBERED = 64;

  /** An operation by what it does; without an update it goes back to the base model. */
  private record Operation(
      Optional<UpdateWeightsRequest> update, CompletableFuture<WeightsAnswer> answer) {}

  private final Engine engine;
  private final EventLog events;
  private final Duration deadline;
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(new DefaultThreadFactory("freshet-admin-worker", true));

  private final Map<TraceId, Operation> known = new HashMap<>();
  private final Queue<TraceId> succeeded = new ArrayDeque<>();
  private int unfinished;
  private boolean closed;

  AdminOperations(Engine engine, EventLog events, Duration deadline) {
    this.engine = engine;
    this.events = events;
    this.deadline = deadline;
  }

  /** Serves another checkpoint. The answer fails with an {@link ApiException}. */
  CompletableFuture<WeightsAnswer> update(
      UpdateWeightsRequest update, TraceId trace, long recvNanos) {
    Path dir;
    try {
      dir = Path.of(update.weightDir());
    } catch (InvalidPathException e) {
      throw new ApiException(
          ApiError.invalid("invalid_request", "weight_dir: not a path: " + e.getMessage()));
    }
    return submit(
        Optional.of(update),
        trace,
        recvNanos,
        "update_weights",
        () -> engine.updateWeights(dir, update.step(), deadline));
  }

  /** Goes back to the base model. */
  CompletableFuture<WeightsAnswer> reload(TraceId trace, long recvNanos) {
    return submit(
        Optional.empty(), trace, recvNanos, "reload_weights", () -> engine.reloadWeights(deadline));
  }

  private synchronized CompletableFuture<WeightsAnswer> submit(
      Optional<UpdateWeightsRequest> update,
      TraceId trace,
      long recvNanos,
      String op,
      Supplier<WeightUpdate> work) {
    if (closed) {
      throw new ApiException(ApiError.shuttingDown());
    }
    Operation same = known.get(trace);
    if (same != null) {
      if (!same.update().equals(update)) {
        throw new ApiException(
            ApiError.conflict("trace id %s: is that of another operation".formatted(trace)));
      }
      return same.answer();
    }
    if (unfinished > MAX_WAITING) {
      throw new ApiException(
          ApiError.unavailable("overloaded", MAX_WAITING + " weight operations wait already"));
    }
    Operation operation = new Operation(update, new CompletableFuture<>());
    known.put(trace, operation);
    unfinished++;
    worker.execute(() -> carryOut(operation, trace, recvNanos, op, work));
    return operation.answer();
  }

  private void carryOut(
      Operation operation, TraceId trace, long recvNanos, String op, Supplier<WeightUpdate> work) {
    long start = events.clock().nanos();
    events.rpcStart(trace, op, start);
    try {
      WeightUpdate update = work.get();
      long done = events.clock().nanos();
      // As the answer states it, so that log and answer round from one figure.
      double rpcMs = Math.round((done - start) / 1e3) / 1e3;
      events.rpcDone(trace, op, done, rpcMs);
      finished(trace, true);
      operation.answer().complete(answer(trace, update, (start - recvNanos) / 1e6, rpcMs));
    } catch (RuntimeException | Error e) {
      long done = events.clock().nanos();
      ApiError error = ApiError.of(e);
      events.rpcFailed(trace, op, done, (done - start) / 1e6, error.body().code());
      finished(trace, false);
      operation.answer().completeExceptionally(new ApiException(error));
    }
  }

  private static WeightsAnswer answer(
      TraceId trace, WeightUpdate update, double handlerMs, double rpcMs) {
    Map<String, Double> phases = new LinkedHashMap<>();
    phases.put("prepare_ms", update.prepareMs());
    phases.put("pause_ms", update.waitStepMs());
    phases.put("swap_ms", update.swapMs());
    return new WeightsAnswer(
        Long.toString(update.policyVersion()),
        trace.hex(),
        OptionalDouble.of(rpcMs),
        OptionalDouble.of(handlerMs),
        phases);
  }

  private synchronized void finished(TraceId trace, boolean success) {
    unfinished--;
    if (!success) {
      known.remove(trace);
      return;
    }
    succeeded.add(trace);
    if (succeeded.size() > MAX_REMEMBERED) {
      known.remove(succeeded.remove());
    }
  }

  /** Takes no more operations; waits for those there are. Returns whether all have ended. */
  boolean drain(Duration most) {
    synchronized (this) {
      closed = true;
    }
    worker.shutdown();
    try {
      return worker.awaitTermination(most.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Interrupts what is still running. */
  @Override
  public void close() {
    worker.shutdownNow();
  }
}

package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.WeightOperation;
import dev.freshet.engine.WeightUpdate;
import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.HostClock;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.StepTimes;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.AdapterRequest;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WeightsAnswer;
import dev.freshet.wire.WeightsAnswer.ServerClock;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out weight operations on one worker thread, in the order of their requests. An operation
 * is identified by its trace id, name and phase. A repeated request joins the operation while it
 * waits or runs and after it succeeded; it never starts it twice. A failed operation may be
 * requested again under its id. Thread-safe.
 */
final class AdminOperations implements AutoCloseable {
  /** The most operations that may wait; a client has one in flight. */
  private static final int MAX_WAITING = 16;

  /** How many succeeded operations are remembered. */
  private static final int MAX_REMEMBERED = 64;

  /** Identifies an operation. */
  private record Key(TraceId trace, String op, String phase) {}

  private record Operation(
      Key key,
      WeightOperation work,
      long recvNanos,
      CompletableFuture<WeightsAnswer> answer,
      Waits.Open turn) {}

  private static final Logger LOG = LoggerFactory.getLogger(AdminOperations.class);

  private final Engine engine;
  private final EventLog events;
  private final ServerMetrics metrics;
  private final UpdateLines lines;
  private final Duration deadline;

  /** Of the engine; a step ends when its weights are served. Used by the worker only. */
  private final StepTimes times;

  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(new DefaultThreadFactory("freshet-admin-worker", true));

  private final Map<Key, Operation> known = new HashMap<>();
  private final Queue<Key> succeeded = new ArrayDeque<>();
  private int unfinished;
  private boolean closed;

  AdminOperations(
      Engine engine,
      EventLog events,
      ServerMetrics metrics,
      UpdateLines lines,
      Duration deadline,
      RoleClock time) {
    this.engine = engine;
    this.events = events;
    this.metrics = metrics;
    this.lines = lines;
    this.deadline = deadline;
    this.times = new StepTimes("inference", time, events);
  }

  /**
   * Carries out the requested phase of an update. The future fails with an {@link ApiException}.
   */
  CompletableFuture<WeightsAnswer> update(
      UpdateWeightsRequest update, TraceId trace, long recvNanos) {
    WeightOperation work;
    try {
      work = WeightOperation.of(update);
    } catch (InvalidPathException e) {
      throw new ApiException(
          ApiError.invalid("invalid_request", "weight_dir: not a path: " + e.getReason()));
    }
    return submit(new Key(trace, "update_weights", update.phase().wireName()), work, recvNanos);
  }

  /** Returns to the base model. The future fails with an {@link ApiException}. */
  CompletableFuture<WeightsAnswer> reload(UpdateMode mode, TraceId trace, long recvNanos) {
    return submit(
        new Key(trace, "reload_weights", UpdatePhase.ALL.wireName()),
        new WeightOperation.Reload(mode),
        recvNanos);
  }

  /** Loads an adapter. The future fails with an {@link ApiException}. */
  CompletableFuture<WeightsAnswer> load(AdapterRequest load, TraceId trace, long recvNanos) {
    Path dir = path("lora_path", load.path().orElseThrow());
    return submit(
        new Key(trace, "load_lora_adapter", UpdatePhase.ALL.wireName()),
        new WeightOperation.LoadAdapter(load.name(), dir),
        recvNanos);
  }

  /** Unloads an adapter. The future fails with an {@link ApiException}. */
  CompletableFuture<WeightsAnswer> unload(AdapterRequest unload, TraceId trace, long recvNanos) {
    return submit(
        new Key(trace, "unload_lora_adapter", UpdatePhase.ALL.wireName()),
        new WeightOperation.UnloadAdapter(unload.name()),
        recvNanos);
  }

  private static Path path(String field, String value) {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw new ApiException(
          ApiError.invalid("invalid_request", field + ": not a path: " + e.getReason()));
    }
  }

  private synchronized CompletableFuture<WeightsAnswer> submit(
      Key key, WeightOperation work, long recvNanos) {
    if (closed) {
      throw new ApiException(ApiError.shuttingDown());
    }
    Operation same = known.get(key);
    if (same != null) {
      if (!same.work().equals(work)) {
        throw new ApiException(
            ApiError.conflict(
                "trace id %s belongs to another %s, phase %s: use a new trace id"
                    .formatted(key.trace(), key.op(), key.phase())));
      }
      return same.answer();
    }
    if (unfinished > MAX_WAITING) {
      throw new ApiException(
          ApiError.unavailable(
              "overloaded",
              "%d weight operations wait already; retry later".formatted(MAX_WAITING)));
    }
    Operation operation =
        new Operation(key, work, recvNanos, new CompletableFuture<>(), awaitTurn(key));
    known.put(key, operation);
    unfinished++;
    worker.execute(() -> carryOut(operation));
    return operation.answer();
  }

  private Waits.Open awaitTurn(Key key) {
    return Waits.begin(
        "inference", "its turn for %s of %s".formatted(key.op(), key.trace()), "the admin worker");
  }

  private void carryOut(Operation operation) {
    operation.turn().close();
    Key key = operation.key();
    long start = events.clock().nanos();
    events.rpcStart(key.trace(), key.op(), key.phase(), start);
    try {
      engine.update(operation.work(), deadline, update -> succeeded(operation, start, update));
    } catch (RuntimeException | Error e) {
      if (operation.answer().isDone()) {
        LOG.error("{} succeeded, but the replaced weights were not released", key, e);
        return;
      }
      long done = events.clock().nanos();
      ApiError error = ServerErrors.of(e);
      events.rpcFailed(
          key.trace(), key.op(), key.phase(), done, (done - start) / 1e6, error.body().code());
      metrics.failed(key.op(), key.phase());
      finished(key, false);
      operation.answer().completeExceptionally(new ApiException(error));
      if (isOfBase(operation)) {
        lines.failed(key.trace().hex(), error.body().message());
      }
    }
  }

  private void succeeded(Operation operation, long start, WeightUpdate update) {
    Key key = operation.key();
    long done = events.clock().nanos();
    // Rounded as in the answer, so that log and answer agree.
    double rpcMs = Math.round((done - start) / 1e3) / 1e3;
    PartTimes parts =
        PartTimes.NONE
            .with(UpdatePart.RPC, rpcMs)
            .with(UpdatePart.HANDLER, (start - operation.recvNanos()) / 1e6)
            .with(UpdatePart.STALL, update.stallMs())
            .with(update.phases());
    events.rpcParts(key.trace(), update.policyVersion(), update.stallMs(), update.phases());
    events.rpcDone(key.trace(), key.op(), key.phase(), done, rpcMs);
    finished(key, true);
    WeightsAnswer answer =
        new WeightsAnswer(
            Long.toString(update.policyVersion()),
            update.preparedVersion().stream().mapToObj(Long::toString).findFirst(),
            key.trace().hex(),
            parts,
            HostClock.id().map(id -> new ServerClock(id, operation.recvNanos() / 1e9, done / 1e9)));
    operation.answer().complete(answer);
    if (isOfBase(operation) && update.commit().isPresent()) {
      var _ = times.end(update.policyVersion());
    }
    if (isOfBase(operation)) {
      lines.succeeded(key.phase(), answer);
    }
    metrics.succeeded(
        key.op(),
        key.phase(),
        parts,
        update.commit().stream().mapToDouble(WeightUpdate.CommitTimes::stallMs).findFirst());
  }

  /** Whether it is of the base model's weights, so that the page shows it as an update. */
  private static boolean isOfBase(Operation operation) {
    return !(operation.work() instanceof WeightOperation.OfAdapter);
  }

  private synchronized void finished(Key key, boolean success) {
    unfinished--;
    if (!success) {
      known.remove(key);
      return;
    }
    succeeded.add(key);
    if (succeeded.size() > MAX_REMEMBERED) {
      known.remove(succeeded.remove());
    }
  }

  /** Refuses further operations and waits for the others; returns whether all have ended. */
  boolean drain(Duration deadline) {
    synchronized (this) {
      closed = true;
    }
    worker.shutdown();
    try {
      return worker.awaitTermination(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Interrupts the operation that still runs. */
  @Override
  public void close() {
    worker.shutdownNow();
    synchronized (this) {
      known.values().forEach(operation -> operation.turn().close());
    }
  }
}

package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.Quoted;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The weight operations of one engine, which exclude each other. Besides the serving version there
 * are at most two: a prepared one, and the one before the serving one, retired, for a rollback. A
 * failed operation leaves the serving version unchanged. Only the swap itself holds the decode
 * loop, and an operation that hangs in the file system ends at its deadline.
 */
final class WeightUpdates<W extends PolicyWeights> {
  /** A version that is ready to be committed, and its directory. */
  private record Prepared<W extends PolicyWeights>(W weights, Path dir) {}

  private final WeightSource<W> source;
  private final LoopRequests<W> loop;
  private final LongSupplier serving;
  private final MonotonicClock clock;
  private final FileWork files;
  private final ReentrantLock lock = new ReentrantLock(true);
  private Optional<Prepared<W>> prepared = Optional.empty();
  private Optional<W> previous = Optional.empty();
  private boolean closed;

  /**
   * @param serving the version that serves
   */
  WeightUpdates(
      WeightSource<W> source, LoopRequests<W> loop, LongSupplier serving, MonotonicClock clock) {
    this.source = source;
    this.loop = loop;
    this.serving = serving;
    this.clock = clock;
    this.files = new FileWork(clock);
  }

  /** See {@link Engine#update(WeightOperation, Duration, Consumer)}. */
  void carryOut(
      WeightOperation.OfBase operation, Duration deadline, Consumer<WeightUpdate> decided) {
    long due = clock.nanos() + deadline.toNanos();
    enter(deadline);
    try {
      if (closed) {
        throw LoopRequests.ended();
      }
      switch (operation) {
        case WeightOperation.Prepare prepare -> prepare(prepare, due, decided);
        case WeightOperation.Commit commit -> commit(commit, due, decided);
        case WeightOperation.Update update -> update(update, due, decided);
        case WeightOperation.Rollback rollback -> rollback(rollback, due, decided);
        case WeightOperation.Reload reload ->
            serve(read("the base model", due, source::readBase), reload.mode(), due, decided);
      }
    } finally {
      lock.unlock();
    }
  }

  private void enter(Duration deadline) {
    try {
      if (!lock.tryLock(deadline.toNanos(), TimeUnit.NANOSECONDS)) {
        throw conflict(
            "another weight operation still runs after %d ms; retry later"
                .formatted(deadline.toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(
          EngineException.Kind.INTERNAL,
          "interrupted while waiting for another weight operation",
          e);
    }
  }

  private void prepare(WeightOperation.Prepare prepare, long due, Consumer<WeightUpdate> decided) {
    WeightSource.Loaded<W> loaded = load(prepare, due);
    prepared = Optional.of(new Prepared<>(loaded.weights(), prepare.dir()));
    decided.accept(outcome(Optional.of(loaded.times()), Optional.empty()));
  }

  /**
   * Loads a checkpoint. An earlier prepared one is dropped first, so that only one takes memory.
   */
  private WeightSource.Loaded<W> load(WeightOperation.Prepare prepare, long due) {
    String what = Quoted.escaped(prepare.dir().toString());
    long version =
        files.run(what, due, () -> source.version(prepare.dir(), prepare.step()), _ -> {});
    refuseOlder(version, prepare.force());
    dropPrepared();
    return read(what, due, () -> source.read(prepare.dir(), version, prepare.verify()));
  }

  private WeightSource.Loaded<W> read(
      String what, long due, Supplier<WeightSource.Read<W>> reading) {
    return files.run(what, due, reading, WeightSource.Read::close).build();
  }

  private void requireIntact(W weights, long due) {
    var _ =
        files.run(
            "the files of version " + weights.version(),
            due,
            () -> {
              weights.requireIntact();
              return true;
            },
            _ -> {});
  }

  private void refuseOlder(long version, boolean force) {
    if (version < serving.getAsLong() && !force) {
      throw conflict(
          "step %d is older than the serving version %d: expected that version, a newer one, or force"
              .formatted(version, serving.getAsLong()));
    }
  }

  private void commit(WeightOperation.Commit commit, long due, Consumer<WeightUpdate> decided) {
    Prepared<W> ready =
        prepared.orElseThrow(
            () -> conflict("cannot commit: nothing is prepared; send phase prepare first"));
    long version = ready.weights().version();
    if (commit.step().isPresent() && commit.step().getAsLong() != version) {
      throw conflict(
          "cannot commit step %d: step %d is prepared"
              .formatted(commit.step().getAsLong(), version));
    }
    if (commit.dir().isPresent() && !commit.dir().get().equals(ready.dir())) {
      throw conflict(
          "cannot commit %s: %s is prepared"
              .formatted(
                  Quoted.escaped(commit.dir().get().toString()),
                  Quoted.escaped(ready.dir().toString())));
    }
    refuseOlder(version, commit.force());
    try {
      requireIntact(ready.weights(), due);
    } catch (EngineException e) {
      dropPrepared();
      throw e;
    }
    LoopRequests.Swapped<W> swapped = swap(ready.weights(), commit.mode(), due);
    prepared = Optional.empty();
    decided.accept(outcome(Optional.empty(), Optional.of(swapped.times())));
    keepPrevious(swapped.replaced());
  }

  private void update(WeightOperation.Update update, long due, Consumer<WeightUpdate> decided) {
    serve(load(update.prepare(), due), update.mode(), due, decided);
  }

  private void serve(
      WeightSource.Loaded<W> loaded, UpdateMode mode, long due, Consumer<WeightUpdate> decided) {
    LoopRequests.Swapped<W> swapped;
    try {
      requireIntact(loaded.weights(), due);
      swapped = swap(loaded.weights(), mode, due);
    } catch (EngineException e) {
      loaded.weights().close();
      throw e;
    }
    decided.accept(outcome(Optional.of(loaded.times()), Optional.of(swapped.times())));
    keepPrevious(swapped.replaced());
  }

  private void rollback(
      WeightOperation.Rollback rollback, long due, Consumer<WeightUpdate> decided) {
    OptionalLong step = rollback.step();
    if (step.isPresent()
        && prepared.filter(s -> s.weights().version() == step.getAsLong()).isPresent()) {
      dropPrepared();
      decided.accept(outcome(Optional.empty(), Optional.empty()));
      return;
    }
    long now = serving.getAsLong();
    if (step.isPresent() && step.getAsLong() != now) {
      throw conflict(
          "cannot roll back step %d: it is neither prepared nor serving (serving: %d)"
              .formatted(step.getAsLong(), now));
    }
    W before =
        previous.orElseThrow(
            () -> conflict("cannot roll back step %d: no earlier version is kept".formatted(now)));
    WeightUpdate.PrepareTimes revived = revive(before, due);
    LoopRequests.Swapped<W> swapped;
    try {
      swapped = swap(before, rollback.mode(), due);
    } catch (EngineException e) {
      before.retire();
      throw e;
    }
    previous = Optional.empty();
    decided.accept(outcome(Optional.of(revived), Optional.of(swapped.times())));
    swapped.replaced().close();
  }

  /** Makes retired weights ready again. If they hang in the file system, they are given up. */
  private WeightUpdate.PrepareTimes revive(W before, long due) {
    long start = clock.nanos();
    String what = "the files of version " + before.version();
    files.requireRoom(what);
    previous = Optional.empty();
    Optional<EngineException> broken =
        files.run(
            what,
            due,
            () -> {
              try {
                before.fault();
                return Optional.empty();
              } catch (EngineException e) {
                return Optional.of(e);
              }
            },
            _ -> before.close());
    previous = Optional.of(before);
    broken.ifPresent(
        e -> {
          throw e;
        });
    long faulted = clock.nanos();
    before.rebuild();
    return new WeightUpdate.PrepareTimes(0, (faulted - start) / 1e6, 0, clock.millisSince(faulted));
  }

  private LoopRequests.Swapped<W> swap(W weights, UpdateMode mode, long due) {
    long left = Math.max(0, due - clock.nanos());
    return loop.swap(weights, mode, Duration.ofNanos(left));
  }

  private WeightUpdate outcome(
      Optional<WeightUpdate.PrepareTimes> prepare, Optional<WeightUpdate.CommitTimes> commit) {
    OptionalLong version = prepared.stream().mapToLong(s -> s.weights().version()).findFirst();
    return new WeightUpdate(serving.getAsLong(), version, prepare, commit);
  }

  private void keepPrevious(W replaced) {
    previous.ifPresent(PolicyWeights::close);
    replaced.retire();
    previous = Optional.of(replaced);
  }

  private void dropPrepared() {
    prepared.ifPresent(ready -> ready.weights().close());
    prepared = Optional.empty();
  }

  private static EngineException conflict(String message) {
    return new EngineException(EngineException.Kind.CONFLICT, message);
  }

  /** Ends the reading of files in progress, so that its operation fails, and refuses more. */
  void stopReading() {
    files.close();
  }

  /**
   * Waits for the current operation, which fails once the loop has ended, and frees all weights
   * that do not serve.
   */
  void close(Duration deadline) {
    enter(deadline);
    try {
      closed = true;
      dropPrepared();
      previous.ifPresent(PolicyWeights::close);
      previous = Optional.empty();
    } finally {
      lock.unlock();
    }
  }
}

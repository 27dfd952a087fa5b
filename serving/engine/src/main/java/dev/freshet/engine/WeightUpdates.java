package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The weight operations of one engine, which exclude each other. Beside the version that serves
 * there are at most two more: one that is prepared, and the one before, retired, to roll back to.
 * Every operation either succeeds or leaves everything as it was; nothing here holds the decode
 * loop but the exchange itself.
 */
final class WeightUpdates<W extends PolicyWeights> {
  /** A version that is ready to be committed, and where it came from. */
  private record Staged<W extends PolicyWeights>(W weights, Path dir) {}

  private final WeightSource<W> source;
  private final LoopRequests<W> loop;
  private final LongSupplier serving;
  private final MonotonicClock clock;
  private final ReentrantLock lock = new ReentrantLock(true);
  private Optional<Staged<W>> staged = Optional.empty();
  private Optional<W> previous = Optional.empty();
  private boolean closed;

  /**
   * @param serving the version that the loop generates with
   */
  WeightUpdates(
      WeightSource<W> source, LoopRequests<W> loop, LongSupplier serving, MonotonicClock clock) {
    this.source = source;
    this.loop = loop;
    this.serving = serving;
    this.clock = clock;
  }

  /** See {@link Engine#update(WeightOperation, Duration, Consumer)}. */
  void carryOut(WeightOperation operation, Duration deadline, Consumer<WeightUpdate> decided) {
    long due = clock.nanos() + deadline.toNanos();
    enter(deadline);
    try {
      if (closed) {
        throw LoopRequests.ended();
      }
      switch (operation) {
        case WeightOperation.Prepare prepare -> prepare(prepare, decided);
        case WeightOperation.Commit commit -> commit(commit, due, decided);
        case WeightOperation.Update update -> update(update, due, decided);
        case WeightOperation.Rollback rollback -> rollback(rollback, due, decided);
        case WeightOperation.Reload reload -> serve(source.base(), reload.mode(), due, decided);
      }
    } finally {
      lock.unlock();
    }
  }

  private void enter(Duration deadline) {
    try {
      if (!lock.tryLock(deadline.toNanos(), TimeUnit.NANOSECONDS)) {
        throw conflict(
            "another weight operation has been running for %d ms".formatted(deadline.toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(
          EngineException.Kind.INTERNAL, "interrupted while another weight operation runs", e);
    }
  }

  private void prepare(WeightOperation.Prepare prepare, Consumer<WeightUpdate> decided) {
    WeightSource.Loaded<W> loaded = load(prepare);
    staged = Optional.of(new Staged<>(loaded.weights(), prepare.dir()));
    decided.accept(outcome(Optional.of(loaded.times()), Optional.empty()));
  }

  /** Makes a checkpoint ready; what was prepared before is dropped first, lest both take memory. */
  private WeightSource.Loaded<W> load(WeightOperation.Prepare prepare) {
    long version = source.version(prepare.dir(), prepare.step());
    refuseOlder(version, prepare.force());
    dropStaged();
    return source.load(prepare.dir(), version, prepare.verify());
  }

  private void refuseOlder(long version, boolean force) {
    if (version < serving.getAsLong() && !force) {
      throw conflict(
          "step %d: older than the serving version %d: expected that or a newer one, or force"
              .formatted(version, serving.getAsLong()));
    }
  }

  private void commit(WeightOperation.Commit commit, long due, Consumer<WeightUpdate> decided) {
    Staged<W> ready =
        staged.orElseThrow(
            () -> conflict("commit: nothing is prepared: expected phase prepare before it"));
    long version = ready.weights().version();
    if (commit.step().isPresent() && commit.step().getAsLong() != version) {
      throw conflict(
          "commit of step %d: step %d is prepared".formatted(commit.step().getAsLong(), version));
    }
    if (commit.dir().isPresent() && !commit.dir().get().equals(ready.dir())) {
      throw conflict("commit of %s: %s is prepared".formatted(commit.dir().get(), ready.dir()));
    }
    refuseOlder(version, commit.force());
    try {
      ready.weights().requireIntact();
    } catch (EngineException e) {
      dropStaged();
      throw e;
    }
    LoopRequests.Exchanged<W> exchanged = exchange(ready.weights(), commit.mode(), due);
    staged = Optional.empty();
    decided.accept(outcome(Optional.empty(), Optional.of(exchanged.times())));
    keepPrevious(exchanged.replaced());
  }

  private void update(WeightOperation.Update update, long due, Consumer<WeightUpdate> decided) {
    serve(load(update.prepare()), update.mode(), due, decided);
  }

  private void serve(
      WeightSource.Loaded<W> loaded, UpdateMode mode, long due, Consumer<WeightUpdate> decided) {
    LoopRequests.Exchanged<W> exchanged;
    try {
      loaded.weights().requireIntact();
      exchanged = exchange(loaded.weights(), mode, due);
    } catch (EngineException e) {
      loaded.weights().close();
      throw e;
    }
    decided.accept(outcome(Optional.of(loaded.times()), Optional.of(exchanged.times())));
    keepPrevious(exchanged.replaced());
  }

  private void rollback(
      WeightOperation.Rollback rollback, long due, Consumer<WeightUpdate> decided) {
    OptionalLong step = rollback.step();
    if (step.isPresent()
        && staged.filter(s -> s.weights().version() == step.getAsLong()).isPresent()) {
      dropStaged();
      decided.accept(outcome(Optional.empty(), Optional.empty()));
      return;
    }
    long now = serving.getAsLong();
    if (step.isPresent() && step.getAsLong() != now) {
      throw conflict(
          "rollback of step %d: neither prepared nor serving, which version %d is"
              .formatted(step.getAsLong(), now));
    }
    W before =
        previous.orElseThrow(
            () -> conflict("rollback of step %d: no version before it is kept".formatted(now)));
    WeightUpdate.PrepareTimes revived = before.revive(clock);
    LoopRequests.Exchanged<W> exchanged;
    try {
      exchanged = exchange(before, rollback.mode(), due);
    } catch (EngineException e) {
      before.retire();
      throw e;
    }
    previous = Optional.empty();
    decided.accept(outcome(Optional.of(revived), Optional.of(exchanged.times())));
    exchanged.replaced().close();
  }

  private LoopRequests.Exchanged<W> exchange(W weights, UpdateMode mode, long due) {
    long left = Math.max(0, due - clock.nanos());
    return loop.exchange(weights, mode, Duration.ofNanos(left));
  }

  private WeightUpdate outcome(
      Optional<WeightUpdate.PrepareTimes> prepare, Optional<WeightUpdate.CommitTimes> commit) {
    OptionalLong prepared = staged.stream().mapToLong(s -> s.weights().version()).findFirst();
    return new WeightUpdate(serving.getAsLong(), prepared, prepare, commit);
  }

  private void keepPrevious(W replaced) {
    previous.ifPresent(PolicyWeights::close);
    replaced.retire();
    previous = Optional.of(replaced);
  }

  private void dropStaged() {
    staged.ifPresent(ready -> ready.weights().close());
    staged = Optional.empty();
  }

  private static EngineException conflict(String message) {
    return new EngineException(EngineException.Kind.CONFLICT, message);
  }

  /**
   * Frees all but what serves, once the operation in progress has ended, which fails without a
   * loop.
   */
  void close(Duration deadline) {
    enter(deadline);
    try {
      closed = true;
      dropStaged();
      previous.ifPresent(PolicyWeights::close);
      previous = Optional.empty();
    } finally {
      lock.unlock();
    }
  }
}

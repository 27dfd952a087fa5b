package dev.freshet.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.engine.EngineException.Kind;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Weight operations on a file system that does not answer, as NFS without its server. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HangingFilesTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Path HANGING = Path.of("/hanging");
  private static final Path GOOD = Path.of("/good");

  private final CountDownLatch answers = new CountDownLatch(1);

  /** Reads that hang, or hung until the file system answered. */
  private final AtomicInteger hungReads = new AtomicInteger();

  private final AtomicInteger released = new AtomicInteger();
  private Weights serving = new Weights(0);
  private final LoopRequests<Weights> requests =
      new LoopRequests<>(MonotonicClock.SYSTEM, this::answerRequest);
  private final WeightUpdates<Weights> updates =
      new WeightUpdates<>(new Source(), requests, () -> serving.version(), MonotonicClock.SYSTEM);

  private record Weights(long version) implements PolicyWeights {
    @Override
    public void requireIntact() {}

    @Override
    public void retire() {}

    @Override
    public void fault() {}

    @Override
    public void rebuild() {}

    @Override
    public void close() {}
  }

  /** Swaps at once, as a loop between two steps. */
  private void answerRequest() {
    if (requests.poll().orElseThrow() instanceof LoopRequests.Swap<Weights> swap) {
      assertThat(swap.claim()).isTrue();
      Weights replaced = serving;
      serving = swap.weights();
      swap.done(replaced, 0, 0, 0);
    }
  }

  private final class Source implements WeightSource<Weights> {
    @Override
    public long version(Path dir, OptionalLong step) {
      return step.orElse(1);
    }

    @Override
    public Read<Weights> read(Path dir, long version, VerifyLevel verify) {
      if (dir.equals(HANGING)) {
        hungReads.incrementAndGet();
        boolean interrupted = false;
        while (true) {
          try {
            answers.await();
            break;
          } catch (InterruptedException e) {
            interrupted = true; // A thread in the file system cannot be interrupted.
          }
        }
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
      return new Read<>() {
        @Override
        public Loaded<Weights> build() {
          return new Loaded<>(new Weights(version), new WeightUpdate.PrepareTimes(0, 0, 0, 0));
        }

        @Override
        public void close() {
          released.incrementAndGet();
        }
      };
    }

    @Override
    public Read<Weights> readBase() {
      return read(HANGING, 0, VerifyLevel.FULL);
    }
  }

  @AfterEach
  void answer() {
    answers.countDown();
  }

  @Test
  void anOperationThatHangsEndsAtItsDeadlineAndTheNextOneProceeds() throws Exception {
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> prepare(HANGING, SHORT))
        .withMessage(
            "cannot read /hanging: the file system did not answer before the operation's deadline")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.CONFLICT));

    assertThat(prepare(GOOD, Fixture.DEADLINE).preparedVersion()).hasValue(1);

    answers.countDown();
    Fixture.eventually(() -> released.get() == 1);
  }

  @Test
  void oneWhoseThreadsAllHangIsRefusedAtOnceUntilTheFileSystemAnswers() throws Exception {
    abandonAll();
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> prepare(GOOD, Duration.ofHours(1)))
        .withMessageContaining("8 earlier operations still hang in the file system")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.OVERLOADED));

    answers.countDown();
    Fixture.eventually(() -> released.get() == FileWork.MOST_ABANDONED);
    Fixture.eventually(
        () -> {
          try {
            return prepare(GOOD, Fixture.DEADLINE).preparedVersion().isPresent();
          } catch (EngineException stillCounted) {
            return false;
          }
        });
  }

  @Test
  void aRollbackThatIsRefusedBecauseOfHangingThreadsKeepsTheEarlierVersion() throws Exception {
    prepare(GOOD, Fixture.DEADLINE);
    carryOut(
        new WeightOperation.Commit(Optional.empty(), OptionalLong.empty(), UpdateMode.KEEP, false),
        Fixture.DEADLINE);
    abandonAll();
    WeightOperation.OfBase rollback =
        new WeightOperation.Rollback(OptionalLong.empty(), UpdateMode.KEEP);
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> carryOut(rollback, Fixture.DEADLINE))
        .withMessageContaining("8 earlier operations still hang in the file system");

    answers.countDown();
    Fixture.eventually(() -> released.get() == FileWork.MOST_ABANDONED);
    Fixture.eventually(
        () -> {
          try {
            return carryOut(rollback, Fixture.DEADLINE).policyVersion() == 0;
          } catch (EngineException stillCounted) {
            assertThat(stillCounted.kind()).isEqualTo(Kind.OVERLOADED);
            return false;
          }
        });
  }

  @Test
  void closingEndsAnOperationThatHangsLongBeforeItsDeadline() throws Exception {
    CompletableFuture<WeightUpdate> hanging = prepareOnItsOwnThread();
    Fixture.eventually(() -> hungReads.get() == 1);

    updates.stopReading();
    updates.close(Fixture.DEADLINE);

    assertThat(hanging)
        .failsWithin(Fixture.DEADLINE)
        .withThrowableThat()
        .havingCause()
        .withMessage("the engine is shutting down");
  }

  @Test
  void anInterruptEndsAnOperationThatHangs() throws Exception {
    List<Throwable> failure = new ArrayList<>();
    Thread worker =
        Thread.ofPlatform()
            .name("admin-worker")
            .start(
                () -> {
                  try {
                    prepare(HANGING, Duration.ofHours(1));
                  } catch (EngineException e) {
                    failure.add(e);
                  }
                });
    Fixture.eventually(() -> hungReads.get() == 1);

    worker.interrupt();

    assertThat(worker.join(Fixture.DEADLINE)).isTrue();
    assertThat(failure).singleElement().asString().contains("interrupted while reading /hanging");
  }

  /** Abandons reads that hang, as many as may be. */
  private void abandonAll() {
    while (hungReads.get() < FileWork.MOST_ABANDONED) {
      assertThatExceptionOfType(EngineException.class).isThrownBy(() -> prepare(HANGING, SHORT));
    }
  }

  private CompletableFuture<WeightUpdate> prepareOnItsOwnThread() {
    return CompletableFuture.supplyAsync(
        () -> prepare(HANGING, Duration.ofHours(1)),
        task -> Thread.ofPlatform().name("updater").daemon().start(task));
  }

  private WeightUpdate prepare(Path dir, Duration deadline) {
    return carryOut(
        new WeightOperation.Prepare(dir, OptionalLong.of(1), VerifyLevel.FULL, false), deadline);
  }

  private WeightUpdate carryOut(WeightOperation.OfBase operation, Duration deadline) {
    List<WeightUpdate> outcome = new ArrayList<>();
    updates.carryOut(operation, deadline, outcome::add);
    return outcome.getFirst();
  }
}

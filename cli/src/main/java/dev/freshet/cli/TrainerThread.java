package dev.freshet.cli;

import dev.freshet.trace.waits.Waits;
import dev.freshet.trainer.StepMetrics;
import dev.freshet.trainer.TrainerException;
import dev.freshet.trainer.TrainerLoop;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A trainer on a thread of its own. Closing it lets the step in progress end; only then may its
 * loop be closed.
 */
final class TrainerThread implements AutoCloseable {
  private static final Duration STEP_DEADLINE = Duration.ofMinutes(10);

  private final TrainerLoop trainer;
  private final Thread thread;
  private volatile Optional<RuntimeException> failure = Optional.empty();

  /**
   * Starts it.
   *
   * @param failed called when the trainer cannot go on
   */
  TrainerThread(TrainerLoop trainer, Consumer<StepMetrics> progress, Runnable failed) {
    this.trainer = trainer;
    this.thread =
        Thread.ofPlatform()
            .name("freshet-trainer")
            .start(
                () -> {
                  try {
                    trainer.run(progress);
                  } catch (RuntimeException e) {
                    failure = Optional.of(e);
                    failed.run();
                  } catch (Error e) {
                    // Nobody would learn of it otherwise, and the run would wait for weights.
                    failure =
                        Optional.of(new TrainerException("the trainer cannot go on: " + e, e));
                    failed.run();
                  }
                });
  }

  /** Throws what the trainer failed with, if it did. */
  void requireNoFailure() {
    failure.ifPresent(
        e -> {
          throw e;
        });
  }

  @Override
  public void close() throws InterruptedException {
    trainer.stop();
    try (Waits.Open _ =
        Waits.begin("orchestrator", "the end of its step", "trainer", STEP_DEADLINE)) {
      if (!thread.join(STEP_DEADLINE)) {
        throw new TrainerException("a training step did not end within " + STEP_DEADLINE);
      }
    }
  }
}

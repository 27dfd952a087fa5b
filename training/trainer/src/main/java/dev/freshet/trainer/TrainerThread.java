package dev.freshet.trainer;

import dev.freshet.trace.waits.Waits;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A trainer on a thread of its own. Closing it waits for the step in progress; close it before its
 * loop.
 */
public final class TrainerThread implements AutoCloseable {
  private static final Duration STEP_DEADLINE = Duration.ofMinutes(10);

  private final TrainerLoop trainer;
  private final Thread thread;
  private volatile Optional<RuntimeException> failure = Optional.empty();

  /**
   * Starts the thread.
   *
   * @param progress called after every step, on the trainer's thread
   * @param failed called once if the trainer fails
   */
  public TrainerThread(TrainerLoop trainer, Consumer<StepMetrics> progress, Runnable failed) {
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
                    // Reported like any failure; otherwise the run would wait for weights forever.
                    failure =
                        Optional.of(new TrainerException("the trainer cannot continue: " + e, e));
                    failed.run();
                  }
                });
  }

  /** Throws the exception that ended the trainer, if one did. */
  public void requireNoFailure() {
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

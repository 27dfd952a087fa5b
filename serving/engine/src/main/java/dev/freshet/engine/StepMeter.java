package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;

/**
 * Counts the steps and tokens of a decode loop in the metrics. Confined to its thread. Most
 * completions of a step had their previous token at the same time; those are counted with one call.
 */
public final class StepMeter {
  private final EngineMetrics metrics;
  private final MonotonicClock clock;
  private long startNanos;
  private long endNanos;
  private long linearNanosBefore;
  private int tokens;

  /** Tokens of this step whose completions had their previous token at {@code sinceNanos}. */
  private int following;

  private long sinceNanos;

  public StepMeter(EngineMetrics metrics, MonotonicClock clock) {
    this.metrics = metrics;
    this.clock = clock;
  }

  /**
   * Records that the loop waits for work.
   *
   * @param stepping whether it has a step to take
   * @param paused whether a pause is in force
   */
  public void looking(boolean stepping, boolean paused) {
    if (!stepping) {
      metrics.idle(paused);
    }
  }

  /** Records that the loop found work. */
  public void found() {
    metrics.busy();
  }

  /** Starts a step. */
  public void begin() {
    startNanos = clock.nanos();
    tokens = 0;
    following = 0;
  }

  /**
   * Records that the model has run.
   *
   * @param prompts whether the step computed more than the newest tokens of completions
   * @param linearNanos how much of all steps so far linear layers took
   */
  public void computed(boolean prompts, long linearNanos) {
    endNanos = clock.nanos();
    metrics.stepped(prompts, endNanos - startNanos, linearNanos - linearNanosBefore);
    linearNanosBefore = linearNanos;
  }

  /** Records the step's token of this sequence. */
  public void token(Sequence sequence) {
    tokens++;
    long before = sequence.tokenMade(endNanos);
    if (sequence.generated() > 1) {
      if (before != sinceNanos) {
        countFollowing();
        sinceNanos = before;
      }
      following++;
    }
  }

  /** Counts the step's tokens. */
  public void end() {
    countFollowing();
    metrics.generated(tokens);
  }

  private void countFollowing() {
    if (following > 0) {
      metrics.followed(endNanos - sinceNanos, following);
      following = 0;
    }
  }
}

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
  private int tokens;

  /** Tokens of this step whose completions had their previous token at {@code sinceNanos}. */
  private int following;

  private long sinceNanos;

  public StepMeter(EngineMetrics metrics, MonotonicClock clock) {
    this.metrics = metrics;
    this.clock = clock;
  }

  /** Records that the loop waits for work, and whether it has a step to take. */
  public void looking(boolean stepping) {
    if (!stepping) {
      metrics.idle();
    }
  }

  /** Records that the loop found work. */
  public void found() {
    metrics.busy();
  }

  /** Starts a prefill or a decode step. */
  public void begin() {
    startNanos = clock.nanos();
    tokens = 0;
    following = 0;
  }

  /** Ends a prefill of {@code promptTokens} tokens. */
  void prefilled(long promptTokens) {
    endNanos = clock.nanos();
    metrics.prefilled(promptTokens, endNanos - startNanos);
  }

  /** Ends a decode step. */
  public void decoded() {
    endNanos = clock.nanos();
    metrics.decoded(endNanos - startNanos);
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

package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import java.util.List;

/**
 * Tells the metrics of a decode loop's steps and tokens, on its thread. The completions of a step
 * mostly had their tokens before at the same moment; those are counted in one.
 */
public final class StepMeter {
  private final EngineMetrics metrics;
  private final MonotonicClock clock;
  private long startNanos;
  private long endNanos;
  private int tokens;

  /** Tokens of this step whose completions had the one before at {@code sinceNanos}. */
  private int following;

  private long sinceNanos;

  public StepMeter(EngineMetrics metrics, MonotonicClock clock) {
    this.metrics = metrics;
    this.clock = clock;
  }

  /** The loop looks for work, having a step to take or not. */
  public void looking(boolean stepping) {
    if (!stepping) {
      metrics.idle();
    }
  }

  /** There is work. */
  public void found() {
    metrics.busy();
  }

  /** A prefill or a decode step begins. */
  public void begin() {
    startNanos = clock.nanos();
    tokens = 0;
    following = 0;
  }

  /** The prefill is done. */
  void prefilled(List<Sequence> fresh) {
    endNanos = clock.nanos();
    long prompts = 0;
    for (Sequence sequence : fresh) {
      prompts += sequence.request().prompt().length;
    }
    metrics.prefilled(prompts, endNanos - startNanos);
  }

  /** The decode step is done. */
  public void decoded() {
    endNanos = clock.nanos();
    metrics.decoded(endNanos - startNanos);
  }

  /** The step has made this sequence's newest token. */
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

  /** All tokens of the step are made. */
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

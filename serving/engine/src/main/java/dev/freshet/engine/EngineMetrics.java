package dev.freshet.engine;

import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Histogram;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.metrics.TimeInState;
import dev.freshet.trace.MonotonicClock;

/**
 * What a decode loop tells of its work. For its one thread: nothing here waits, and nothing
 * allocates for a token or a step. Times are nanoseconds on the engine's clock.
 */
public final class EngineMetrics {
  private final Histogram decodeSteps;
  private final Histogram prefills;
  private final Histogram tokenIntervals;
  private final Counter generatedTokens;
  private final Counter promptTokens;
  private final TimeInState idle;

  public EngineMetrics(MetricsRegistry registry, MonotonicClock clock) {
    this.decodeSteps =
        registry
            .histogram(
                Role.INFERENCE,
                "freshet_decode_step_seconds",
                "A decode step of all running completions")
            .of();
    this.prefills =
        registry
            .histogram(
                Role.INFERENCE,
                "freshet_prefill_seconds",
                "A prefill of the completions admitted together")
            .of();
    this.tokenIntervals =
        registry
            .histogram(
                Role.INFERENCE,
                "freshet_inter_token_seconds",
                "From a token of a completion to its next, as the engine makes them")
            .of();
    this.generatedTokens =
        registry
            .counter(
                Role.INFERENCE, "freshet_generated_tokens_total", "Tokens made for completions")
            .of();
    this.promptTokens =
        registry
            .counter(Role.INFERENCE, "freshet_prompt_tokens_total", "Tokens of prefilled prompts")
            .of();
    this.idle = new TimeInState(clock);
    registry
        .counter(
            Role.INFERENCE,
            "freshet_engine_idle_seconds_total",
            "Time that the decode loop had no step to take")
        .of()
        .read(idle::seconds);
  }

  /** The loop has no step to take. */
  public void idle() {
    idle.enter();
  }

  /** The loop has work, or looks for some. */
  public void busy() {
    idle.leave();
  }

  /** Prompts were prefilled together. */
  public void prefilled(long tokens, long nanos) {
    promptTokens.add(tokens);
    prefills.nanos(nanos);
  }

  /** A decode step was taken. */
  public void decoded(long nanos) {
    decodeSteps.nanos(nanos);
  }

  /** A step has made so many tokens. */
  public void generated(int tokens) {
    generatedTokens.add(tokens);
  }

  /** How many tokens steps have made. */
  public long generatedTokens() {
    return (long) generatedTokens.value();
  }

  /** So many tokens came {@code nanos} after the ones before them in their completions. */
  public void followed(long nanos, int tokens) {
    tokenIntervals.nanos(nanos, tokens);
  }
}

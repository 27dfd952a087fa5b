package dev.freshet.engine;

import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Histogram;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.metrics.TimeInState;
import dev.freshet.trace.MonotonicClock;

/**
 * The metrics of a decode loop, updated on its thread. No method blocks, and none allocates for a
 * token or a step. Times are nanoseconds on the engine's clock.
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
                "A prefill step: the prompts admitted together, or a part of a long one")
            .of();
    this.tokenIntervals =
        registry
            .histogram(
                Role.INFERENCE,
                "freshet_inter_token_seconds",
                "From a token of a completion to its next token, in the engine")
            .of();
    this.generatedTokens =
        registry.counter(Role.INFERENCE, "freshet_generated_tokens_total", "Generated tokens").of();
    this.promptTokens =
        registry
            .counter(Role.INFERENCE, "freshet_prompt_tokens_total", "Tokens of prefilled prompts")
            .of();
    this.idle = new TimeInState(clock);
    registry
        .counter(
            Role.INFERENCE,
            "freshet_engine_idle_seconds_total",
            "Time during which the decode loop had no step to take")
        .of()
        .read(idle::seconds);
  }

  /** Records that the loop has no step to take. */
  public void idle() {
    idle.enter();
  }

  /** Records that the loop is working. */
  public void busy() {
    idle.leave();
  }

  /** Records a prefill. */
  void prefilled(long tokens, long nanos) {
    promptTokens.add(tokens);
    prefills.nanos(nanos);
  }

  /** Records a decode step. */
  void decoded(long nanos) {
    decodeSteps.nanos(nanos);
  }

  /** Counts the tokens of a step. */
  void generated(int tokens) {
    generatedTokens.add(tokens);
  }

  /** The number of generated tokens. */
  public long generatedTokens() {
    return (long) generatedTokens.value();
  }

  /** Records tokens that each came {@code nanos} after the token before in its completion. */
  void followed(long nanos, int tokens) {
    tokenIntervals.nanos(nanos, tokens);
  }
}

package dev.freshet.engine;

import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Gauge;
import dev.freshet.metrics.Histogram;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.metrics.RoleTimeSeries;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

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
  private final Counter prefixHitTokens;
  private final Counter rebuiltTokens;
  private final Counter preemptions;
  private final LongAdder stepNanos = new LongAdder();
  private final LongAdder linearNanos = new LongAdder();
  private volatile int blocksOwned;
  private volatile int blocks;
  private final Gauge adapters;
  private final RoleClock time;

  public EngineMetrics(MetricsRegistry registry, MonotonicClock clock) {
    this.decodeSteps =
        registry
            .histogram(
                Role.INFERENCE,
                "freshet_decode_step_seconds",
                "A step that computes only the newest token of running completions")
            .of();
    this.prefills =
        registry
            .histogram(
                Role.INFERENCE,
                "freshet_prefill_seconds",
                "A step that also computes prompts or rebuilds keys and values")
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
            .counter(Role.INFERENCE, "freshet_prompt_tokens_total", "Tokens of prompts computed")
            .of();
    this.prefixHitTokens =
        registry
            .counter(
                Role.INFERENCE,
                "freshet_prefix_hit_tokens_total",
                "Tokens whose keys and values were shared or copied instead of computed")
            .of();
    this.rebuiltTokens =
        registry
            .counter(
                Role.INFERENCE,
                "freshet_rebuilt_tokens_total",
                "Tokens computed again, after a preemption or an update with mode recompute")
            .of();
    this.preemptions =
        registry
            .counter(
                Role.INFERENCE,
                "freshet_preemptions_total",
                "Running completions that lost their KV blocks to another one")
            .of();
    registry
        .counter(Role.INFERENCE, "freshet_engine_step_seconds_total", "Time in the model's steps")
        .of()
        .read(() -> stepNanos.sum() / 1e9);
    registry
        .counter(
            Role.INFERENCE,
            "freshet_engine_linear_seconds_total",
            "Of these, the time in linear layers")
        .of()
        .read(() -> linearNanos.sum() / 1e9);
    registry
        .gauge(Role.INFERENCE, "freshet_kv_blocks_used", "KV blocks that running completions hold")
        .of()
        .read(() -> blocksOwned);
    registry.gauge(Role.INFERENCE, "freshet_kv_blocks", "All KV blocks").of().read(() -> blocks);
    this.adapters =
        registry
            .gauge(
                Role.INFERENCE,
                "freshet_adapters_loaded",
                "Adapters (LoRA) that requests may choose by name")
            .of();
    this.time =
        new RoleClock(
            clock,
            List.of(RoleState.UPDATING, RoleState.IDLE, RoleState.PAUSED),
            RoleState.GENERATING);
    RoleTimeSeries.publish(
        registry.counter(
            Role.INFERENCE,
            "freshet_engine_time_seconds_total",
            "The decode loop's time by state; the states sum to the wall time",
            "state"),
        time);
  }

  /** Records that the loop has no step to take, because it is paused or for lack of requests. */
  public void idle(boolean paused) {
    time.set(paused ? RoleState.PAUSED : RoleState.IDLE, true);
  }

  /** Records that the loop is working. */
  public void busy() {
    time.set(RoleState.IDLE, false);
    time.set(RoleState.PAUSED, false);
  }

  /** Accounts for the time of the decode loop. */
  public RoleClock time() {
    return time;
  }

  /** Records a step. */
  void stepped(boolean prompts, long nanos, long linear) {
    (prompts ? prefills : decodeSteps).nanos(nanos);
    stepNanos.add(nanos);
    linearNanos.add(linear);
  }

  /** Counts the tokens of a sequence that a step computed, apart from its newest. */
  void computed(int prompt, int rebuilt) {
    promptTokens.add(prompt);
    rebuiltTokens.add(rebuilt);
  }

  /** Counts tokens that were taken from the index. */
  void prefixHit(int tokens) {
    prefixHitTokens.add(tokens);
  }

  /** Counts a preemption. */
  void preempted() {
    preemptions.add(1);
  }

  /** Publishes how many of the KV blocks have an owner. */
  void blocks(int owned, int total) {
    blocksOwned = owned;
    blocks = total;
  }

  /** Sets how the number of loaded adapters is read, on the thread that makes a page. */
  void adapters(DoubleSupplier loaded) {
    adapters.read(loaded);
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

package dev.freshet.lab.engine;

import java.time.Duration;
import java.util.Collections;
import java.util.List;

/**
 * The completions of a benchmark: greedy, of a fixed number of tokens whatever the model generates.
 *
 * @param batches numbers of completions sent at once, measured one after the other
 * @param promptTokens tokens of each prompt
 * @param tokens of each completion
 * @param group completions of each prompt; every batch is a multiple of it
 * @param repeats measured rounds of each batch, after the warm-up
 * @param warmUp the least duration of the warm-up of each batch, which has at least one round
 * @param seed of the prompts
 */
public record EngineLoad(
    List<Integer> batches,
    int promptTokens,
    int tokens,
    int group,
    int repeats,
    Duration warmUp,
    long seed) {
  public EngineLoad {
    batches = List.copyOf(batches);
  }

  /** The largest batch. */
  public int mostCompletions() {
    return Collections.max(batches);
  }

  /** Tokens of a prompt and its completion together. */
  public int contextTokens() {
    return promptTokens + tokens;
  }
}

package dev.freshet.engine;

import dev.freshet.weights.DType;
import java.util.Optional;

/**
 * How an embedded engine runs.
 *
 * @param modelName what the model is called on the wire
 * @param maxSequences how many completions run at once; the size of the KV cache
 * @param maxModelLen the most tokens of a sequence; at most what the model was built for
 * @param maxWaiting how many completions may wait for a place
 * @param prefillTokens the most prompt tokens of one prefill, which bounds how long a decode step
 *     waits for it
 * @param threads libtorch's threads for one operation
 * @param dtype what to compute in; empty for what the checkpoint is stored in
 */
public record EngineOptions(
    String modelName,
    int maxSequences,
    int maxModelLen,
    int maxWaiting,
    int prefillTokens,
    int threads,
    Optional<DType> dtype) {

  public EngineOptions {
    positive("max_sequences", maxSequences);
    positive("max_model_len", maxModelLen);
    positive("max_waiting", maxWaiting);
    positive("prefill_tokens", prefillTokens);
    positive("threads", threads);
  }

  private static void positive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s %d: expected at least 1".formatted(name, value));
    }
  }
}

package dev.freshet.engine;

import dev.freshet.weights.DType;
import java.util.Optional;

/**
 * Options of an embedded engine.
 *
 * @param modelName the model's name on the wire
 * @param maxSequences the most completions that run at once; the number of KV cache slots
 * @param maxModelLen the most tokens of a sequence; the model's own limit applies too
 * @param maxWaiting the most completions that may wait for a slot
 * @param prefillTokens the most prompt tokens of one prefill, which bounds how long it delays the
 *     next decode step
 * @param threads the threads that libtorch uses for one operation
 * @param dtype the type to compute in; empty for the type that the checkpoint is stored in
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

package dev.freshet.inference;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Generates completions by continuous batching and exchanges its weights between two decode steps.
 *
 * <p>{@link #submit} and {@link Generation#cancel} never block and may be called from any thread;
 * the weight operations block their caller, never the decode loop, and exclude each other.
 */
public interface Engine extends AutoCloseable {
  /** One completion under way. */
  interface Generation {
    /**
     * Ends the completion within one decode step. No event follows the call's effect but those
     * already handed to the outlet; in particular no finish event. Idempotent.
     */
    void cancel();
  }

  /** What the model is called on the wire. */
  String modelName();

  /** The most tokens, prompt and completion together, that a sequence may have. */
  int maxModelLen();

  /** The size of the vocabulary: valid token ids are 0 (inclusive) to this (exclusive). */
  int vocabSize();

  /** The version of the weights that the next decode step uses. */
  long policyVersion();

  /** Completions being generated now. */
  int running();

  /** Completions admitted and waiting for a place. */
  int waiting();

  /**
   * Queues a completion; its events go to {@code outlet}.
   *
   * @throws EngineException INVALID if the request does not fit the model, OVERLOADED if the
   *     admission queue is full or the engine is shutting down
   */
  Generation submit(GenerationRequest request, Outlet outlet);

  /**
   * Serves the checkpoint in {@code dir} as policy version {@code step}; without a step it is read
   * from the manifest. Running completions go on with their KV cache.
   *
   * @throws EngineException if the checkpoint is missing, broken or of another shape, or the
   *     deadline passes before the swap; the old weights serve on
   */
  WeightUpdate updateWeights(Path dir, OptionalLong step, Duration deadline);

  /** Goes back to the base model the engine was started with, and to its policy version. */
  WeightUpdate reloadWeights(Duration deadline);

  /**
   * Ends running completions with {@link FinishReason#ABORT}, lets the native call in progress
   * return, frees everything.
   */
  @Override
  void close();
}

package dev.freshet.engine;

import dev.freshet.wire.PauseMode;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

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
   * Carries a weight operation out; what serves goes on serving if it fails.
   *
   * @param decided told how it went, before what has been replaced is released
   * @throws EngineException if the checkpoint is missing, broken or of another shape, the state
   *     forbids the operation, or the deadline passes before the swap
   */
  void update(WeightOperation operation, Duration deadline, Consumer<WeightUpdate> decided);

  /** The same, for a caller that has nothing to do before the release. */
  default WeightUpdate update(WeightOperation operation, Duration deadline) {
    AtomicReference<WeightUpdate> outcome = new AtomicReference<>();
    update(operation, deadline, outcome::set);
    return Objects.requireNonNull(outcome.get(), "an outcome");
  }

  /**
   * Generates no more until {@link #resume}; completions submitted meanwhile wait. The future
   * completes once the pause is in force; it fails if the engine resumes or closes before.
   *
   * @param clearCache whether completions that stand still have their KV cache rebuilt, under the
   *     weights that serve then, when they go on
   */
  CompletableFuture<Void> pause(PauseMode mode, boolean clearCache);

  /**
   * Goes on; the future completes once that is so. Does nothing to an engine that is not paused.
   */
  CompletableFuture<Void> resume();

  /** Whether waiting completions are held back by a pause. */
  boolean paused();

  /**
   * Ends running completions with {@link FinishReason#ABORT}, lets the native call in progress
   * return, frees everything.
   */
  @Override
  void close();
}

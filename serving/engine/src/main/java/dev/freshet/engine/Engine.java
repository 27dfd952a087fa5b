package dev.freshet.engine;

import dev.freshet.wire.PauseMode;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Generates completions by continuous batching and swaps its weights between two decode steps.
 *
 * <p>{@link #submit} and {@link Generation#cancel} never block and may be called from any thread;
 * the weight operations block their caller, never the decode loop, and exclude each other.
 */
public interface Engine extends AutoCloseable {
  /** A running or waiting completion. */
  interface Generation {
    /**
     * Ends the completion within one decode step, without a finish event. Events already handed to
     * the outlet may still arrive. Idempotent.
     */
    void cancel();

    /**
     * How many of the prompt's tokens were not computed because their keys and values were cached;
     * known with the first event.
     */
    int cachedPrompt();

    /**
     * The logprobs of the prompt's tokens after the first, if they were requested; known with the
     * first token.
     */
    default List<PromptLogprob> promptLogprobs() {
      return List.of();
    }
  }

  /** The model's name on the wire. */
  String modelName();

  /** The most tokens of a sequence, prompt and completion together. */
  int maxModelLen();

  /** The size of the vocabulary: valid token ids are from 0 (inclusive) to this (exclusive). */
  int vocabSize();

  /** The version of the weights that the next decode step uses. */
  long policyVersion();

  /** The number of running completions. */
  int running();

  /** The number of completions that wait to run. */
  int waiting();

  /**
   * The adapters (LoRA) that requests may choose by name, in the order in which they were loaded.
   */
  List<LoadedAdapter> adapters();

  /**
   * Queues completions, all of them or none; their events go to {@code outlet}.
   *
   * @return what was queued, in the order of the requests
   * @throws EngineException INVALID if a request does not fit the model, or if there are more than
   *     the admission queue can hold; NOT_FOUND if a request chooses an adapter that is not loaded;
   *     OVERLOADED if it has no room for all of them now, or the engine is shutting down
   */
  List<Generation> submit(List<GenerationRequest> requests, Outlet outlet);

  /** The same for one completion. */
  default Generation submit(GenerationRequest request, Outlet outlet) {
    return submit(List.of(request), outlet).getFirst();
  }

  /**
   * Carries out a weight operation. If it fails, the serving weights keep serving.
   *
   * @param decided called with the outcome, before the replaced weights are released
   * @throws EngineException if the checkpoint is missing, broken or of another shape, the state
   *     forbids the operation, or the deadline passes before the swap
   */
  void update(WeightOperation operation, Duration deadline, Consumer<WeightUpdate> decided);

  /** The same; returns the outcome after the replaced weights are released. */
  default WeightUpdate update(WeightOperation operation, Duration deadline) {
    AtomicReference<WeightUpdate> outcome = new AtomicReference<>();
    update(operation, deadline, outcome::set);
    return Objects.requireNonNull(outcome.get(), "the operation has no outcome");
  }

  /**
   * Generates no tokens until {@link #resume}; completions submitted meanwhile wait. The future
   * completes once the pause is in force; it fails if the engine resumes or closes before.
   *
   * @param clearCache whether the KV cache is cleared on resume, and that of paused completions
   *     rebuilt under the weights that serve then
   */
  CompletableFuture<Void> pause(PauseMode mode, boolean clearCache);

  /**
   * Ends the pause; the future completes once it has ended. No effect if the engine is not paused.
   */
  CompletableFuture<Void> resume();

  /** Whether the engine is paused. */
  boolean paused();

  /**
   * Completes if the engine fails, with the reason. It has then ended all completions with {@link
   * FinishReason#ERROR}, fails all operations, and only {@link #close} is left to do. Dependents
   * must be asynchronous.
   */
  CompletableFuture<EngineException> failure();

  /**
   * Ends all completions with {@link FinishReason#ABORT}, waits for the current native call, and
   * frees everything.
   */
  @Override
  void close();
}

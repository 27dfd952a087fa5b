package dev.freshet.engine;

import dev.freshet.wire.PauseMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether the decode loop may admit waiting sequences and take steps for running ones. A pause
 * stops admission, and with mode keep also steps, until the resume; a draining update stops
 * admission until it is done. An operation that waits for running sequences to end (an update with
 * mode drain, a pause with mode wait) is refused while they take no steps, and as long as one
 * waits, so is what would stop their steps: no operation waits for a resume. Confined to the loop's
 * thread.
 */
final class Gate<W extends PolicyWeights> {
  /** Pauses that are not in force yet. */
  private final List<LoopRequests.Pause<W>> waiting = new ArrayList<>();

  private Optional<LoopRequests.Swap<W>> draining = Optional.empty();
  private boolean paused;
  private boolean frozen;

  /** Whether the KV cache is cleared on resume. */
  private boolean stale;

  /** Whether waiting sequences may start. */
  boolean admits() {
    return !paused && draining.isEmpty();
  }

  /** Whether running sequences may take steps. */
  boolean steps() {
    return !frozen;
  }

  /** Whether a pause was accepted and not ended. */
  boolean isPaused() {
    return paused;
  }

  /** The update that waits for running sequences to end. */
  Optional<LoopRequests.Swap<W>> draining() {
    return draining;
  }

  /** Makes an update wait for the {@code running} sequences to end, or refuses it. */
  void drainFor(LoopRequests.Swap<W> swap, int running) {
    if (draining.filter(other -> !other.withdrawn()).isPresent()) {
      swap.refuse(
          conflict("cannot drain: another update already waits for running completions to end"));
    } else if (frozen && running > 0) {
      swap.refuse(
          conflict(
              "cannot drain: %d completions are paused; resume first or use another mode"
                  .formatted(running)));
    } else {
      draining = Optional.of(swap);
    }
  }

  void drainEnded() {
    draining = Optional.empty();
  }

  /**
   * Pauses; with mode keep the pause can be in force at once, else once none of the {@code running}
   * sequences runs. Returns false if it refused the pause.
   */
  boolean pause(LoopRequests.Pause<W> pause, int running) {
    Optional<EngineException> refusal = running == 0 ? Optional.empty() : refusal(pause, running);
    if (refusal.isPresent()) {
      pause.refuse(refusal.get());
      return false;
    }
    paused = true;
    frozen = pause.mode() == PauseMode.KEEP;
    stale |= pause.clearCache();
    waiting.add(pause);
    return true;
  }

  private Optional<EngineException> refusal(LoopRequests.Pause<W> pause, int running) {
    return switch (pause.mode()) {
      case KEEP -> {
        if (draining.filter(swap -> !swap.withdrawn()).isPresent()) {
          yield Optional.of(
              conflict(
                  "cannot pause with mode keep: an update with mode drain waits for %d running completions to end; abort them or retry when they have ended"
                      .formatted(running)));
        }
        yield waiting.isEmpty()
            ? Optional.empty()
            : Optional.of(
                conflict(
                    "cannot pause with mode keep: a pause with mode wait waits for %d running completions to end; resume first or use mode abort"
                        .formatted(running)));
      }
      case WAIT ->
          frozen
              ? Optional.of(
                  conflict(
                      "cannot pause with mode wait: %d completions are paused; resume first or use mode keep or abort"
                          .formatted(running)))
              : Optional.empty();
      case ABORT -> Optional.empty();
    };
  }

  /** Puts every pause in force: no sequence runs, or none may take a step. */
  void pausesInForce() {
    waiting.forEach(pause -> pause.inForce().complete(null));
    waiting.clear();
  }

  /** Whether an operation waits for running sequences to end. */
  boolean isAwaited() {
    return !waiting.isEmpty() || draining.filter(swap -> !swap.withdrawn()).isPresent();
  }

  /** Ends all pauses; returns whether the KV cache must be cleared. */
  boolean resume() {
    boolean rebuild = stale;
    waiting.forEach(
        pause -> pause.refuse(conflict("resumed before the running completions had ended")));
    waiting.clear();
    paused = false;
    frozen = false;
    stale = false;
    return rebuild;
  }

  /** Refuses all waiting requests, because the loop has ended. */
  void refuse(EngineException why) {
    waiting.forEach(pause -> pause.refuse(why));
    waiting.clear();
    draining.ifPresent(swap -> swap.refuse(why));
    draining = Optional.empty();
  }

  private static EngineException conflict(String message) {
    return new EngineException(EngineException.Kind.CONFLICT, message);
  }
}

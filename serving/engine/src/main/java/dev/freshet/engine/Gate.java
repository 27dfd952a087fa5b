package dev.freshet.engine;

import dev.freshet.wire.PauseMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether the decode loop may admit waiting sequences and take steps for running ones. A pause
 * stops admission, and with mode keep also steps, until the resume; a draining update stops
 * admission until it is done. Confined to the loop's thread.
 */
final class Gate<W extends PolicyWeights> {
  /** Pauses that are not in force yet. */
  private final List<LoopRequests.Pause<W>> waiting = new ArrayList<>();

  private Optional<LoopRequests.Swap<W>> draining = Optional.empty();
  private boolean paused;
  private boolean frozen;

  /** Whether running sequences rebuild their KV cache on resume. */
  private boolean stale;

  /** Whether waiting sequences may start. */
  boolean admits() {
    return !paused && draining.isEmpty();
  }

  /** Whether running sequences may take steps. */
  boolean steps() {
    return !frozen;
  }

  /** The update that waits for running sequences to end. */
  Optional<LoopRequests.Swap<W>> draining() {
    return draining;
  }

  void drainFor(LoopRequests.Swap<W> swap) {
    draining = Optional.of(swap);
  }

  void drainEnded() {
    draining = Optional.empty();
  }

  /** Pauses; with mode keep the pause is in force at once, else once no sequence runs. */
  void pause(LoopRequests.Pause<W> pause) {
    paused = true;
    frozen = pause.mode() == PauseMode.KEEP;
    stale |= pause.mode() == PauseMode.KEEP && pause.clearCache();
    waiting.add(pause);
    if (frozen) {
      pausesInForce();
    }
  }

  /** Puts every pause in force: no sequence runs, or none may take a step. */
  void pausesInForce() {
    waiting.forEach(pause -> pause.inForce().complete(null));
    waiting.clear();
  }

  /** Ends all pauses; returns whether running sequences must rebuild their KV cache. */
  boolean resume() {
    boolean rebuild = stale;
    waiting.forEach(
        pause ->
            pause.refuse(
                new EngineException(
                    EngineException.Kind.CONFLICT,
                    "resumed before the running completions had ended")));
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
}

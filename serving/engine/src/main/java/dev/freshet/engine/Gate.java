package dev.freshet.engine;

import dev.freshet.wire.PauseMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the decode loop may do now: admit waiting sequences, and take steps for running ones. A
 * pause closes the one and perhaps the other until the loop is told to resume; an update that
 * drains closes the first until it is done. Belongs to the loop's thread.
 */
final class Gate<W extends PolicyWeights> {
  private final List<LoopRequests.Pause<W>> waiting = new ArrayList<>();
  private Optional<LoopRequests.Exchange<W>> draining = Optional.empty();
  private boolean paused;
  private boolean frozen;
  private boolean stale;

  /** Whether waiting sequences may begin to run. */
  boolean admits() {
    return !paused && draining.isEmpty();
  }

  /** Whether running sequences may go on. */
  boolean steps() {
    return !frozen;
  }

  /** The update that waits for running sequences to end. */
  Optional<LoopRequests.Exchange<W>> draining() {
    return draining;
  }

  void drainFor(LoopRequests.Exchange<W> exchange) {
    draining = Optional.of(exchange);
  }

  void drainEnded() {
    draining = Optional.empty();
  }

  /** Pauses; what has ended its running sequences before is in force at once. */
  void pause(LoopRequests.Pause<W> pause) {
    paused = true;
    frozen = pause.mode() == PauseMode.KEEP;
    stale |= pause.mode() == PauseMode.KEEP && pause.clearCache();
    waiting.add(pause);
    if (frozen) {
      drained();
    }
  }

  /** Nothing runs, or nothing moves: every pause is in force. */
  void drained() {
    waiting.forEach(pause -> pause.inForce().complete(null));
    waiting.clear();
  }

  /** Opens both; whether the cache of what stood still is to be built anew. */
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

  /** The loop has ended: nothing that waits will come. */
  void refuse(EngineException why) {
    waiting.forEach(pause -> pause.refuse(why));
    waiting.clear();
    draining.ifPresent(exchange -> exchange.refuse(why));
    draining = Optional.empty();
  }
}

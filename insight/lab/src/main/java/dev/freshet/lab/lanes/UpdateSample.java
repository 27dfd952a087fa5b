package dev.freshet.lab.lanes;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One update, acknowledged or failed. Times are nanoseconds of one monotonic clock.
 *
 * @param dueNanos when it was due, from which it counts
 * @param wallMs from due to its end
 * @param rpcMs the engine's work on it, if the server told
 * @param stallMs how long decoding was held for it, if the server told
 * @param error what it failed with
 */
public record UpdateSample(
    long dueNanos,
    double wallMs,
    OptionalDouble rpcMs,
    OptionalDouble stallMs,
    Optional<String> error) {

  /** All but the engine's work: above all the wait for a connection. */
  public OptionalDouble queueMs() {
    return rpcMs.isPresent()
        ? OptionalDouble.of(wallMs - rpcMs.getAsDouble())
        : OptionalDouble.empty();
  }

  /** When it ended. */
  public long doneNanos() {
    return dueNanos + Math.round(wallMs * 1e6);
  }
}

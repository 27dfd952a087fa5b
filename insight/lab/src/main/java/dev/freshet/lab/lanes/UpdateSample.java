package dev.freshet.lab.lanes;

import dev.freshet.trace.UpdatePart;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One update, acknowledged or failed. Its time counts from when it was due.
 *
 * @param dueNanos when it was due, in nanoseconds of a monotonic clock
 * @param wallMs from due to its end
 * @param rpcMs the engine's work on it, if the server reports it
 * @param stallMs how long decoding was held for it, if the server reports it
 * @param error why it failed
 */
public record UpdateSample(
    long dueNanos,
    double wallMs,
    OptionalDouble rpcMs,
    OptionalDouble stallMs,
    Optional<String> error) {

  /** How long a part took: wall, rpc, queue or stall; empty if the server does not report it. */
  public OptionalDouble ms(UpdatePart part) {
    return switch (part) {
      case WALL -> OptionalDouble.of(wallMs);
      case RPC -> rpcMs;
      case QUEUE -> queueMs();
      case STALL -> stallMs;
      default -> OptionalDouble.empty();
    };
  }

  /** The wall time less the engine's work: mostly the wait for a connection. */
  public OptionalDouble queueMs() {
    return rpcMs.isPresent()
        ? OptionalDouble.of(wallMs - rpcMs.getAsDouble())
        : OptionalDouble.empty();
  }

  /** When it ended, on the clock of {@code dueNanos}. */
  public long doneNanos() {
    return dueNanos + Math.round(wallMs * 1e6);
  }
}

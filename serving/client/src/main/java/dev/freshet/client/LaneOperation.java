package dev.freshet.client;

import dev.freshet.trace.TraceId;
import java.time.Duration;
import java.util.Optional;

/** The calls of one weight operation, made while it holds the admin lane. */
@FunctionalInterface
public interface LaneOperation {
  /**
   * Makes the calls.
   *
   * @throws AdminException if one of them fails
   * @throws dev.freshet.wire.WireException if an answer cannot be read
   */
  AdminResult carryOut(Lane lane);

  /**
   * How the log names an operation.
   *
   * @param op {@code update_weights} or {@code reload_weights}
   * @param route the route that does the work
   * @param checkpoint the directory that is loaded
   */
  record Named(String op, String route, Optional<String> checkpoint) {}

  /** The admin lane, held. */
  interface Lane {
    /** The trace id of the operation. */
    TraceId trace();

    /** When {@code client.send} was logged. */
    long sentNanos();

    /** The time left to the operation; 0 or less once it is used up. */
    Duration left();

    /** The URL of a route of the server. */
    String url(String path);

    /**
     * Posts {@code body} and returns the answer, whose status is 2xx.
     *
     * @param deadline of the whole call; 0 or less is the error {@code deadline}. It may exceed
     *     {@link #left} for a call that must be made although the operation's time is used up
     * @throws AdminException if the call fails or is answered with another status
     */
    AdminAnswer post(String path, byte[] body, Duration deadline);
  }
}

package dev.freshet.inference.front;

import java.time.Duration;

/**
 * What the front bears.
 *
 * @param dataThreads event loops of the data listener
 * @param maxBodyBytes the largest request body
 * @param maxHeldBytes how much of a stream is held for a reader that does not take it; a reader
 *     that falls further behind is dropped
 * @param idle how long a connection without a request may send nothing
 * @param update how long the engine may take over a weight operation
 * @param close how long ending the streams and the weight operation in progress may take
 */
public record FrontLimits(
    int dataThreads,
    int maxBodyBytes,
    int maxHeldBytes,
    Duration idle,
    Duration update,
    Duration close) {
  /** 1 loop, 16 MiB bodies, 1 MiB held a stream, 75 s idle, 600 s an update, 10 s to close. */
  public static final FrontLimits DEFAULT =
      new FrontLimits(
          1,
          16 << 20,
          1 << 20,
          Duration.ofSeconds(75),
          Duration.ofSeconds(600),
          Duration.ofSeconds(10));
}

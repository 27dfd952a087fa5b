package dev.freshet.rollouts.primerl;

import java.util.List;

/** A way to the ranks of prime-rl's trainer. Used by one thread. */
public interface RankTransport extends AutoCloseable {
  /**
   * Hands over the batch of a step.
   *
   * @param ranks what each rank gets, as {@link MicroBatchWriter} encodes it
   * @throws dev.freshet.rollouts.BatchException if it cannot be handed over
   */
  void send(long step, List<byte[]> ranks) throws InterruptedException;

  /** Releases the files and connections. */
  @Override
  void close();
}

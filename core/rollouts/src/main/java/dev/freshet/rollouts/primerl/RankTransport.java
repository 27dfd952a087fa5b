package dev.freshet.rollouts.primerl;

import java.util.List;
import java.util.function.BooleanSupplier;

/** A way to the ranks of prime-rl's trainer. Used by one thread. */
public interface RankTransport extends AutoCloseable {
  /**
   * Hands over the batch of a step.
   *
   * @param ranks what each rank gets, as {@link MicroBatchWriter} encodes it
   * @param over becomes true when the run has ended: the trainer is no longer waited for then, and
   *     does not get the batch
   * @throws dev.freshet.rollouts.BatchException if it cannot be handed over
   */
  void send(long step, List<byte[]> ranks, BooleanSupplier over) throws InterruptedException;

  /** Releases the files and connections. */
  @Override
  void close();
}

package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;

/**
 * The weights of one policy version, ready to generate with. They have one owner at a time: the
 * thread that prepared them, then the decode loop, then the thread that the loop returns them to.
 */
interface PolicyWeights extends AutoCloseable {
  /** The policy version, which stamps every token. */
  long version();

  /**
   * Checks, immediately before they serve, that the files they read are still whole.
   *
   * @throws EngineException CONFLICT if it is not
   */
  void requireIntact();

  /** Frees all memory except what {@link #revive} needs. */
  void retire();

  /**
   * Makes retired weights ready again; returns how long that took.
   *
   * @throws EngineException CONFLICT if their files are no longer whole
   */
  WeightUpdate.PrepareTimes revive(MonotonicClock clock);

  @Override
  void close();
}

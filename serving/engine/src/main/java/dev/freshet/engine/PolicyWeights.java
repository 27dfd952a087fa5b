package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;

/**
 * The weights of one policy version, ready to generate with. One owner at a time: the one who
 * prepared them, then the decode loop, then whoever gets them back from it.
 */
interface PolicyWeights extends AutoCloseable {
  /** The policy version, which every token they make carries. */
  long version();

  /**
   * Checks, as the last thing before they serve, that what they read from is still whole.
   *
   * @throws EngineException CONFLICT if it is not
   */
  void requireIntact();

  /** Gives back all memory but what it takes to {@link #revive} them. */
  void retire();

  /**
   * Makes retired weights ready again, and says what that took.
   *
   * @throws EngineException CONFLICT if they are gone
   */
  WeightUpdate.PrepareTimes revive(MonotonicClock clock);

  @Override
  void close();
}

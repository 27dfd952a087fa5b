package dev.freshet.engine;

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

  /** Frees all memory except what {@link #fault} and {@link #rebuild} need. */
  void retire();

  /**
   * Faults the files of retired weights in again.
   *
   * @throws EngineException CONFLICT if they are no longer whole
   */
  void fault();

  /** Makes retired weights ready again, after {@link #fault}. */
  void rebuild();

  @Override
  void close();
}

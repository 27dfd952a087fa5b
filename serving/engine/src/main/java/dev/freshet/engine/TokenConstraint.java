package dev.freshet.engine;

/**
 * Which tokens a completion may have next, after those that it has. Immutable: a further token
 * leads to another constraint. The engine asks on its decode thread, so the answers must be quick.
 */
public interface TokenConstraint {
  /**
   * The tokens that may be next, a bit each: token {@code id} is bit {@code id % 64} of word {@code
   * id / 64}; those beyond the words may not. Not to be changed. If there is none, the completion
   * ends.
   */
  long[] allowed();

  /**
   * The constraint after one more token.
   *
   * @throws IllegalArgumentException if the token is not allowed
   */
  TokenConstraint after(int token);

  /** Whether the completion may end here. */
  boolean isComplete();
}

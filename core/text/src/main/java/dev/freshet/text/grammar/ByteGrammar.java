package dev.freshet.text.grammar;

/**
 * A set of texts, read byte by byte. From every state that a text leads to, some further bytes lead
 * to an accepting one. Immutable and thread-safe.
 */
public interface ByteGrammar {
  /** The state of a beginning that no text of the grammar has. States are not negative. */
  long DEAD = -1;

  /** The state before the first byte. */
  long start();

  /**
   * The state after one more byte; {@link #DEAD} if no text begins so.
   *
   * @param value 0 to 255
   */
  long next(long state, int value);

  /** Whether the bytes that led to a state are a whole text. */
  boolean accepts(long state);

  /** About how many bytes of memory it holds. */
  default long bytes() {
    return 0;
  }
}

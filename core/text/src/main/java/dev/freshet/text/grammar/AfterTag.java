package dev.freshet.text.grammar;

import java.nio.charset.StandardCharsets;

/**
 * Any text up to a tag, and after the first one the texts of a grammar. A text without the tag is
 * whole, too. The states up to the tag are the bytes of it that were read last.
 */
final class AfterTag implements ByteGrammar {
  private final byte[] tag;
  private final ByteGrammar grammar;

  AfterTag(String tag, ByteGrammar grammar) {
    this.tag = tag.getBytes(StandardCharsets.UTF_8);
    this.grammar = grammar;
  }

  @Override
  public long start() {
    return 0;
  }

  @Override
  public long next(long state, int value) {
    if (state >= tag.length) {
      long next = grammar.next(state - tag.length, value);
      return next == DEAD ? DEAD : next + tag.length;
    }
    int read = (int) state;
    while (read >= 0 && tag[read] != (byte) value) {
      read = read == 0 ? -1 : border(read);
    }
    read++;
    return read == tag.length ? tag.length + grammar.start() : read;
  }

  /**
   * The longest beginning of the tag that its first {@code read} bytes end with, but themselves.
   */
  private int border(int read) {
    for (int length = read - 1; length > 0; length--) {
      boolean equal = true;
      for (int i = 0; i < length && equal; i++) {
        equal = tag[i] == tag[read - length + i];
      }
      if (equal) {
        return length;
      }
    }
    return 0;
  }

  @Override
  public boolean accepts(long state) {
    return state < tag.length || grammar.accepts(state - tag.length);
  }

  @Override
  public long bytes() {
    return grammar.bytes();
  }
}

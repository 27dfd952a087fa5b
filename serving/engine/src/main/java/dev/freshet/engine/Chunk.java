package dev.freshet.engine;

/**
 * The part of a sequence that one step computes: {@code count} tokens from position {@code start}
 * on. The sequence's blocks hold the tokens before and have room for these.
 */
record Chunk(Sequence sequence, int start, int count) {
  /** The position after its last token. */
  int end() {
    return start + count;
  }

  /** Whether it ends with the sequence's last known token, so that the step makes the next one. */
  boolean isLast() {
    return end() == sequence.length();
  }

  /** Whether it is the newest token of a completion that was computed up to it. */
  boolean isDecode() {
    return count == 1 && sequence.generated() > 0 && isLast();
  }
}

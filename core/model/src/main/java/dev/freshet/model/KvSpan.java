package dev.freshet.model;

/**
 * Consecutive tokens of one sequence in a step. Its tokens before them are in its blocks.
 *
 * @param start the position of the first token
 * @param count the number of tokens, at least 1
 * @param blocks the sequence's blocks in order; block i holds the positions from {@code i ·} {@link
 *     KvPool#BLOCK_TOKENS} on; entries past the last token are not read
 */
public record KvSpan(int start, int count, int[] blocks) {
  int end() {
    return start + count;
  }
}

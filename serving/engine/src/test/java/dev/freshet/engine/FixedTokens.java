package dev.freshet.engine;

import java.util.List;
import java.util.Set;

/**
 * A constraint that lists the tokens of each position.
 *
 * @param left those of the next tokens; after the last, none may follow
 * @param complete whether a completion may end after the last
 */
record FixedTokens(List<Set<Integer>> left, boolean complete) implements TokenConstraint {
  @Override
  public long[] allowed() {
    long[] bits = new long[16];
    if (!left.isEmpty()) {
      left.getFirst().forEach(token -> bits[token >> 6] |= 1L << token);
    }
    return bits;
  }

  @Override
  public TokenConstraint after(int token) {
    if (left.isEmpty() || !left.getFirst().contains(token)) {
      throw new IllegalArgumentException("token " + token + ": expected one of " + left);
    }
    return new FixedTokens(left.subList(1, left.size()), complete);
  }

  @Override
  public boolean isComplete() {
    return left.isEmpty() && complete;
  }
}

package dev.freshet.engine;

import dev.freshet.wire.LogitRules;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * Applies the {@link LogitRules} of sequences to their logits in place, and then their {@link
 * TokenConstraint}s. The work of the rules depends on the tokens that they name and those of the
 * sequence, not on the vocabulary. Not thread-safe.
 */
final class LogitEdits {
  /** The largest absolute value of a changed logit: divided by any temperature it is finite. */
  private static final double LIMIT = 1e30;

  private static final int IN_PROMPT = 1;
  private static final int GENERATED = 2;

  private static final float[] FORBIDDEN = new float[Long.SIZE];

  static {
    Arrays.fill(FORBIDDEN, Float.NEGATIVE_INFINITY);
  }

  private final int vocab;

  /** How often a token was generated, times {@link #GENERATED}, and {@link #IN_PROMPT}. */
  private final int[] seen;

  LogitEdits(int vocab) {
    this.vocab = vocab;
    this.seen = new int[vocab];
  }

  /** Whether a sequence has rules or a constraint that change its next logits. */
  static boolean areNeeded(Sequence sequence) {
    LogitRules rules = sequence.request().rules();
    return sequence.constraint().isPresent()
        || sequence.generated() < rules.minTokens()
        || !rules.bias().isEmpty()
        || rules.penalizes();
  }

  /** Changes the logits of one sequence, which begin at {@code offset}. */
  void apply(Sequence sequence, FloatBuffer logits, int offset) {
    LogitRules rules = sequence.request().rules();
    Optional<long[]> allowed = sequence.constraint().map(TokenConstraint::allowed);
    Set<Integer> stops = sequence.request().stopTokens();
    if (sequence.generated() < rules.minTokens()
        && !(allowed.isPresent() && isWithin(allowed.get(), stops))) {
      for (int token : stops) {
        if (token >= 0 && token < vocab) {
          logits.put(offset + token, Float.NEGATIVE_INFINITY);
        }
      }
    }
    rules
        .bias()
        .forEach(
            (token, bias) -> {
              if (token < vocab) {
                put(logits, offset + token, logits.get(offset + token) + bias);
              }
            });
    if (rules.penalizes()) {
      penalize(sequence, rules, logits, offset);
    }
    allowed.ifPresent(tokens -> forbidOthers(tokens, logits, offset));
  }

  /**
   * Whether all of the tokens are stop tokens, so that the least number of tokens must give way.
   */
  private static boolean isWithin(long[] tokens, Set<Integer> stops) {
    for (int word = 0; word < tokens.length; word++) {
      for (long left = tokens[word]; left != 0; left &= left - 1) {
        if (!stops.contains(word * Long.SIZE + Long.numberOfTrailingZeros(left))) {
          return false;
        }
      }
    }
    return true;
  }

  private void forbidOthers(long[] allowed, FloatBuffer logits, int offset) {
    for (int first = 0; first < vocab; first += Long.SIZE) {
      int word = first / Long.SIZE;
      long forbidden = word < allowed.length ? ~allowed[word] : -1;
      int count = Math.min(Long.SIZE, vocab - first);
      if (forbidden == -1) {
        logits.put(offset + first, FORBIDDEN, 0, count);
        continue;
      }
      for (; forbidden != 0; forbidden &= forbidden - 1) {
        int token = Long.numberOfTrailingZeros(forbidden);
        if (token < count) {
          logits.put(offset + first + token, Float.NEGATIVE_INFINITY);
        }
      }
    }
  }

  private void penalize(Sequence sequence, LogitRules rules, FloatBuffer logits, int offset) {
    int prompt = sequence.promptLength();
    int first = rules.repetitionPenalty() == 1 ? prompt : 0;
    int end = prompt + sequence.generated();
    for (int i = first; i < prompt; i++) {
      seen[sequence.token(i)] |= IN_PROMPT;
    }
    for (int i = prompt; i < end; i++) {
      seen[sequence.token(i)] += GENERATED;
    }
    for (int i = first; i < end; i++) {
      int token = sequence.token(i);
      if (seen[token] != 0) {
        int count = seen[token] / GENERATED;
        seen[token] = 0;
        double logit = logits.get(offset + token);
        logit = logit > 0 ? logit / rules.repetitionPenalty() : logit * rules.repetitionPenalty();
        logit -= rules.frequencyPenalty() * count;
        logit -= count > 0 ? rules.presencePenalty() : 0;
        put(logits, offset + token, logit);
      }
    }
  }

  /** A forbidden token remains forbidden, and NaN remains NaN. */
  private static void put(FloatBuffer logits, int index, double logit) {
    boolean limited = Math.abs(logit) > LIMIT && logit != Double.NEGATIVE_INFINITY;
    logits.put(index, (float) (limited ? Math.copySign(LIMIT, logit) : logit));
  }
}

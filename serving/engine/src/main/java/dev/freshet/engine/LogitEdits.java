package dev.freshet.engine;

import dev.freshet.wire.LogitRules;
import java.nio.FloatBuffer;

/**
 * Applies the {@link LogitRules} of sequences to their logits in place. The work depends on the
 * tokens that the rules name and those of the sequence, not on the vocabulary. Not thread-safe.
 */
final class LogitEdits {
  /** The largest absolute value of a changed logit: divided by any temperature it is finite. */
  private static final double LIMIT = 1e30;

  private static final int IN_PROMPT = 1;
  private static final int GENERATED = 2;

  private final int vocab;

  /** How often a token was generated, times {@link #GENERATED}, and {@link #IN_PROMPT}. */
  private final int[] seen;

  LogitEdits(int vocab) {
    this.vocab = vocab;
    this.seen = new int[vocab];
  }

  /** Whether a sequence has rules that change its next logits. */
  static boolean areNeeded(Sequence sequence) {
    LogitRules rules = sequence.request().rules();
    return sequence.generated() < rules.minTokens() || !rules.bias().isEmpty() || rules.penalizes();
  }

  /** Changes the logits of one sequence, which begin at {@code offset}. */
  void apply(Sequence sequence, FloatBuffer logits, int offset) {
    LogitRules rules = sequence.request().rules();
    if (sequence.generated() < rules.minTokens()) {
      for (int token : sequence.request().stopTokens()) {
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

package dev.freshet.analysis;

import java.util.List;

/**
 * A recognized signature.
 *
 * @param confidence from 0 to 1: depends on the share and size of the effect, the number of
 *     observations and the circumstances
 * @param what the problem, with figures: a clause without a full stop
 * @param evidence a sentence each; traces and lines as {@code file:line}
 * @param advice the fix, in a sentence or two
 */
public record Finding(
    Signature signature,
    Severity severity,
    double confidence,
    String what,
    List<String> evidence,
    String advice) {
  public Finding {
    evidence = List.copyOf(evidence);
  }
}

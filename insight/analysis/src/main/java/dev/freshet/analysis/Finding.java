package dev.freshet.analysis;

import java.util.List;

/**
 * A signature that was recognised.
 *
 * @param confidence from 0 to 1: the share and size of the effect, how many observations there are,
 *     and whether what else is known agrees
 * @param what what is the matter, with figures: a clause without a full stop
 * @param evidence a sentence each; traces and lines as {@code file:line}
 * @param advice what to do, in a sentence or two
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

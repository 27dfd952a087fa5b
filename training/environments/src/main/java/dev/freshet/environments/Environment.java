package dev.freshet.environments;

/**
 * A source of problems and the judge of what a policy makes of them. Thread-safe: episodes run
 * concurrently.
 */
public interface Environment {
  /** What rollouts and logs call it. */
  String name();

  /**
   * The problem number {@code index} of a set; the same for the same environment, set and index. No
   * text is in both sets.
   */
  Problem problem(Split split, long index);

  /** Begins an attempt at a problem. */
  Episode start(Problem problem);

  /** Tokens that end a turn; the ending token is part of the turn. */
  int[] stopTokenIds();
}

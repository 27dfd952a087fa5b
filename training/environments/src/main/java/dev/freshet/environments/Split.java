package dev.freshet.environments;

/** The two disjoint sets of an environment's problems. */
public enum Split {
  /** Problems for training. */
  TRAIN,
  /** Problems for evaluation, never trained on. */
  HELD_OUT
}

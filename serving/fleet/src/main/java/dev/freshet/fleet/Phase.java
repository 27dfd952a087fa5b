package dev.freshet.fleet;

import java.util.Locale;

/** The phases of an update of one replica, in their order. */
public enum Phase {
  /** Making the weights ready beside the traffic. */
  PREPARE,
  /** Pausing generation. */
  PAUSE,
  /** Loading the weights, or swapping prepared ones. */
  APPLY,
  /** Asking what it serves. */
  ASK,
  /** Resuming generation. */
  RESUME,
  /** Returning to the version before. */
  UNDO;

  /** The name in logs, metrics and JSON. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}

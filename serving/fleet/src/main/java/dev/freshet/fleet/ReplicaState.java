package dev.freshet.fleet;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The state of a replica. A replica receives new requests while it is serving, or while it is
 * updated by a program that changes weights beside its traffic; otherwise it is not in the {@link
 * RoutingTable}. Nothing is guessed: a replica whose state cannot be told from an answer is {@link
 * #UNKNOWN} until it was asked.
 */
public enum ReplicaState {
  /** It serves the fleet's policy version. An update, or an answer to the contrary, ends this. */
  SERVING,

  /** Its weights are being changed, by an update of the fleet or by a catch-up, which ends this. */
  UPDATING,

  /** An update of the fleet has paused it, and resumes it or sets it aside. */
  PAUSED,

  /** What it serves is not known. Asking it ends this; it is never asked to load meanwhile. */
  UNKNOWN,

  /** It answers, but not with the policy version. A catch-up ends this. */
  QUARANTINED,

  /** It does not answer. Its next answer ends this. */
  GONE;

  /** The states that may follow. Any state may be followed by itself. */
  public Set<ReplicaState> next() {
    return switch (this) {
      case SERVING -> EnumSet.of(UPDATING, UNKNOWN, QUARANTINED, GONE);
      case UPDATING -> EnumSet.of(SERVING, PAUSED, UNKNOWN, QUARANTINED, GONE);
      case PAUSED -> EnumSet.of(SERVING, UPDATING, UNKNOWN, QUARANTINED, GONE);
      case UNKNOWN -> EnumSet.of(QUARANTINED, GONE);
      case QUARANTINED -> EnumSet.of(UPDATING, UNKNOWN, GONE);
      case GONE -> EnumSet.of(QUARANTINED, UNKNOWN);
    };
  }

  /** Whether it will serve again without a new incarnation. */
  public boolean returns() {
    return this == UPDATING || this == PAUSED;
  }

  /** The name in logs, on the metrics page and in JSON. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}

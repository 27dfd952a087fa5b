package dev.freshet.server;

/** Why a session ended. */
enum SessionEnd {
  /** Its client deleted it. */
  DELETED("deleted"),

  /** Its client gave it a reward. */
  REWARDED("rewarded"),

  /** It had no call for too long. */
  IDLE("idle"),

  /** Other sessions needed its place. */
  EVICTED("evicted"),

  /** The server closed. */
  CLOSED("closed");

  private final String wireName;

  SessionEnd(String wireName) {
    this.wireName = wireName;
  }

  /** The name in captures and metrics. */
  String wireName() {
    return wireName;
  }
}

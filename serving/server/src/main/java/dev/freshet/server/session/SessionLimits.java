package dev.freshet.server.session;

import java.time.Duration;

/**
 * Limits of the sessions of a server.
 *
 * @param maxSessions the most sessions at once; for a further one the one that was used least
 *     recently ends, if it has no running call
 * @param maxTurns the most turns of a session
 * @param maxBytes about how many bytes the turns of all sessions may hold; above it the sessions
 *     that were used least recently end
 * @param maxFileBytes the most bytes of the capture file of a session
 * @param idle after how long without a call a session ends
 */
public record SessionLimits(
    int maxSessions, int maxTurns, long maxBytes, long maxFileBytes, Duration idle) {
  /** 4096 sessions of 4096 turns, an eighth of the heap, 256 MiB a file, two hours. */
  public static final SessionLimits DEFAULT =
      new SessionLimits(
          4096, 4096, Runtime.getRuntime().maxMemory() / 8, 256L << 20, Duration.ofHours(2));
}

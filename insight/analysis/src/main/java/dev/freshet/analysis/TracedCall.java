package dev.freshet.analysis;

import dev.freshet.analysis.read.PartMillis;
import dev.freshet.trace.UpdatePart;

/**
 * An admin call and everything known about it, whether it succeeded or not. Durations are
 * milliseconds. An unknown figure is NaN, an unknown text empty.
 *
 * @param attempt the number of calls under the same trace before it
 * @param phase the phase of the operation that was requested
 * @param end its outcome
 * @param error the error, if it failed
 * @param step the step in the name of the checkpoint's directory
 * @param server the URL it was sent to; the path, if only a server's log has the call
 * @param log the server's log
 * @param where its line, as {@code file:line}
 * @param sent whether a client's log has it
 * @param received whether a server's log has it
 * @param millis when it was sent, or else received, on the common time axis
 * @param gapMs client.send to server.recv: as the client measured it, else by the estimated clock
 *     offset
 * @param inflight completions in flight when it was sent
 */
public record TracedCall(
    String trace,
    int attempt,
    String op,
    String phase,
    End end,
    String error,
    double step,
    String server,
    String log,
    String where,
    boolean sent,
    boolean received,
    double millis,
    PartMillis parts,
    double gapMs,
    double inflight) {

  /** How long a part took; NaN if it is unknown. */
  public double ms(UpdatePart part) {
    return parts.ms(part);
  }

  /** The outcome of a call. */
  public enum End {
    SUCCEEDED,
    FAILED,
    /** No log has its end. */
    UNFINISHED
  }
}

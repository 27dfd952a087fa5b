package dev.freshet.analysis;

import dev.freshet.analysis.read.PartMillis;
import dev.freshet.trace.UpdatePart;

/**
 * An admin call and all that is known of its way, whether it succeeded or not. Durations are
 * milliseconds; a figure that is not known is NaN, a text empty.
 *
 * @param attempt how many calls under the same trace came before it
 * @param phase which part of the operation was asked
 * @param end how it ended
 * @param error why it failed
 * @param step that its checkpoint's directory is named after
 * @param server the URL that it was sent to; if only a server's log has it, the path
 * @param log the server's log
 * @param where its line
 * @param sent whether a client's log has it
 * @param received whether a server's log has it
 * @param millis when it was sent, or else received, on the common axis
 * @param gapMs client.send to server.recv: by the client, where it reads the server's clock, else
 *     by the traces that clocks are related by
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

  /** How a call ended. */
  public enum End {
    SUCCEEDED,
    FAILED,
    /** No log has its end. */
    UNFINISHED
  }
}

package dev.freshet.analysis.timeline;

import dev.freshet.analysis.TracedCall;
import dev.freshet.trace.UpdatePart;

/**
 * When the parts of a call began and ended, in milliseconds after it was sent, or after it was
 * received if no client's log has it. Unknown times are NaN.
 *
 * @param connected the connection was established
 * @param received server.recv
 * @param started rpc.start
 * @param ended rpc.done
 * @param done client.done
 * @param estimated whether the clock offset is unknown, so the server's part is placed in the
 *     middle of the possible time
 */
record CallTimes(
    double connected,
    double received,
    double started,
    double ended,
    double done,
    boolean estimated) {

  static CallTimes of(TracedCall call) {
    boolean atServer = call.received() || !Double.isNaN(call.ms(UpdatePart.RPC));
    boolean known = !Double.isNaN(call.gapMs()) || !call.sent();
    double received = Double.NaN;
    if (atServer) {
      received = call.sent() ? received(call) : 0;
    }
    double handler = call.ms(UpdatePart.HANDLER);
    double started =
        Double.isNaN(handler) && Double.isNaN(call.ms(UpdatePart.RPC))
            ? Double.NaN
            : received + or0(handler);
    double ended = started + call.ms(UpdatePart.RPC);
    if (call.sent() && call.end() == TracedCall.End.SUCCEEDED && ended > call.ms(UpdatePart.WALL)) {
      // Figures are rounded, and the clock offset is known only within bounds.
      double early = Math.min(ended - call.ms(UpdatePart.WALL), received);
      received -= early;
      started = Math.min(started - early, call.ms(UpdatePart.WALL));
      ended = Math.min(ended - early, call.ms(UpdatePart.WALL));
    }
    return new CallTimes(
        call.ms(UpdatePart.CONNECT),
        received,
        started,
        ended,
        call.ms(UpdatePart.WALL),
        atServer && !known);
  }

  /** Whether the client got the answer after what is known of the server's part. */
  boolean answered() {
    return done >= received && !(started > done) && !(ended > done);
  }

  private static double received(TracedCall call) {
    if (!Double.isNaN(call.gapMs())) {
      return Math.max(0, call.gapMs());
    }
    double connect = or0(call.ms(UpdatePart.CONNECT));
    double onTheWay =
        call.ms(UpdatePart.WALL)
            - connect
            - or0(call.ms(UpdatePart.HANDLER))
            - or0(call.ms(UpdatePart.RPC));
    return connect + (onTheWay > 0 ? onTheWay / 2 : 0);
  }

  private static double or0(double ms) {
    return Double.isNaN(ms) ? 0 : ms;
  }
}

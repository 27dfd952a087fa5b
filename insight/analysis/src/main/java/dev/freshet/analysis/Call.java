package dev.freshet.analysis;

import dev.freshet.analysis.read.Event;
import dev.freshet.analysis.read.Stamp;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One admin call, put together from the events of its trace as they come. A figure that is not
 * known is NaN. Written by {@link CallBook} alone.
 */
final class Call {
  /** No part of a call takes longer: eleven days, as no figure of a log may. */
  static final double MOST_MS = 1e9;

  private static final double S = 1000;

  final long trace;

  /** The next call under the same trace: a further try, or another server. */
  @Nullable Call next;

  boolean sent;
  boolean received;
  boolean started;
  boolean ended;
  boolean done;
  boolean serverFailed;
  boolean clientFailed;

  String op = "";
  String phase = "";
  String target = "";

  /** Why it, or the engine's operation, failed; empty if it did not. */
  String error = "";

  /** That its checkpoint's directory is named after. */
  double step = Double.NaN;

  double sendT = Double.NaN;
  double recvT = Double.NaN;
  double startT = Double.NaN;
  double endT = Double.NaN;
  double serverRpcMs = Double.NaN;
  double clientRpcMs = Double.NaN;
  double wallMs = Double.NaN;
  double writtenQueueMs = Double.NaN;
  Event.Parts parts = Event.Parts.NONE;
  Event.Phases phases = Event.Phases.NONE;

  Stamp sendStamp = Stamp.NONE;
  Stamp recvStamp = Stamp.NONE;
  Stamp endStamp = Stamp.NONE;
  Stamp doneStamp = Stamp.NONE;

  int clientSource = -1;
  int serverSource = -1;
  int clientEpoch;
  int serverEpoch;
  long sendOrder;
  long doneOrder;
  long clientLine;
  long serverLine;

  /** Completions in flight when it was sent, by the last line of the same log that said so. */
  double inflight = Double.NaN;

  Call(long trace) {
    this.trace = trace;
  }

  /** Whether it, or the engine's operation, ended without success. */
  boolean failed() {
    return clientFailed || serverFailed;
  }

  /** Whether it succeeded, as far as is known, and has a figure to count. */
  boolean counts() {
    return !failed() && (done || ended) && !isOther();
  }

  boolean isReload() {
    return op.startsWith("reload") || (op.isEmpty() && target.endsWith("/reload_weights"));
  }

  /** Whether it is neither an update nor a reload. */
  private boolean isOther() {
    return !op.isEmpty() && !op.startsWith("update") && !op.startsWith("reload");
  }

  /** As the client was told, else as the server logged it. */
  double rpcMs() {
    return Double.isNaN(clientRpcMs) ? serverRpcMs : clientRpcMs;
  }

  /** As written, else what is left of the wall time. */
  double queueMs() {
    if (!Double.isNaN(writtenQueueMs)) {
      return writtenQueueMs;
    }
    double rest = wallMs - rpcMs();
    return rest >= 0 ? Math.rint(rest * 10) / 10 : Double.NaN;
  }

  /** When the client had the answer, on its clock, in seconds. */
  double doneT() {
    return sendT + wallMs / S;
  }

  /** From server.recv to rpc.start, both on the server's clock. */
  double handlerMs() {
    double between = (startT - recvT) * S;
    return Double.isNaN(parts.handlerMs()) && between >= 0 && between <= MOST_MS
        ? between
        : parts.handlerMs();
  }

  /** Its id as logs have it. */
  String id() {
    return HexFormat.of().toHexDigits(trace);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s wall %.1f rpc %.1f", id(), wallMs, rpcMs());
  }
}

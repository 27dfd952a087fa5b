package dev.freshet.analysis;

import dev.freshet.analysis.read.PartMillis;
import dev.freshet.analysis.read.Stamp;
import dev.freshet.analysis.read.TraceKey;
import dev.freshet.trace.UpdatePart;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One admin call, assembled from the events of its trace. An unknown figure is NaN. Written only by
 * {@link CallBook}.
 */
final class AdminCall {
  /** The longest duration that is accepted, eleven days, as for any figure of a log. */
  static final double MOST_MS = 1e9;

  private static final double S = 1000;

  final TraceKey trace;

  /** The next call under the same trace: another attempt, or another server. */
  @Nullable AdminCall next;

  /** Whether there was another call under the trace before it. */
  boolean oneOfSeveral;

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

  /** The error of the call or of the engine's operation; empty if neither failed. */
  String error = "";

  /** The step in the name of the checkpoint's directory. */
  double step = Double.NaN;

  double sendT = Double.NaN;
  double recvT = Double.NaN;
  double startT = Double.NaN;
  double endT = Double.NaN;
  double serverRpcMs = Double.NaN;

  /** The parts in client.done. */
  PartMillis parts = PartMillis.NONE;

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

  /**
   * Completions in flight when it was sent, by the last line of the same log that has the number.
   */
  double inflight = Double.NaN;

  AdminCall(TraceKey trace) {
    this.trace = trace;
  }

  /** Whether the call or the engine's operation failed. */
  boolean failed() {
    return clientFailed || serverFailed;
  }

  /** Whether it is a finished update or reload that did not fail. */
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

  /** A part's time, also where it follows from others; NaN if it is unknown. */
  double ms(UpdatePart part) {
    return switch (part) {
      case RPC -> rpcMs();
      case QUEUE -> queueMs();
      case HANDLER -> handlerMs();
      default -> parts.ms(part);
    };
  }

  /** All parts, also those that follow from others. */
  PartMillis allParts() {
    return parts
        .with(UpdatePart.RPC, rpcMs())
        .with(UpdatePart.QUEUE, queueMs())
        .with(UpdatePart.HANDLER, handlerMs());
  }

  double wallMs() {
    return parts.ms(UpdatePart.WALL);
  }

  /** As client.done has it, else as rpc.done has it. */
  double rpcMs() {
    return parts.has(UpdatePart.RPC) ? parts.ms(UpdatePart.RPC) : serverRpcMs;
  }

  /** As client.done has it, else the wall time less {@link #rpcMs}. */
  double queueMs() {
    if (parts.has(UpdatePart.QUEUE)) {
      return parts.ms(UpdatePart.QUEUE);
    }
    double rest = wallMs() - rpcMs();
    return rest >= 0 ? Math.rint(rest * 10) / 10 : Double.NaN;
  }

  /** When the client had the answer, on its clock, in seconds. */
  double doneT() {
    return sendT + wallMs() / S;
  }

  /** From client.send to server.recv as the client measured it; NaN if it did not. */
  double measuredGapMs() {
    return parts.ms(UpdatePart.CONNECT) + parts.ms(UpdatePart.ACCEPT);
  }

  /** From server.recv to rpc.start, both on the server's clock. */
  double handlerMs() {
    double between = (startT - recvT) * S;
    return !parts.has(UpdatePart.HANDLER) && between >= 0 && between <= MOST_MS
        ? between
        : parts.ms(UpdatePart.HANDLER);
  }

  /** Its trace id, as in logs. */
  String id() {
    return trace.toString();
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s wall %.1f rpc %.1f", id(), wallMs(), rpcMs());
  }
}

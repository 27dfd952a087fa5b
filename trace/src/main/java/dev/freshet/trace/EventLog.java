package dev.freshet.trace;

import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;

/**
 * Writes the tagged events of the public log format, one a line. The part from the tag on is
 * exactly the format; further {@code key=value} fields follow it, never stand between. {@code t=}
 * is seconds on the monotonic clock with 6 decimals, {@code *_ms} milliseconds with 1 decimal.
 * White space inside a value is percent-encoded, so that a value ends at the next space.
 *
 * <p>Thread-safe if its sink is.
 */
public final class EventLog {
  private final Consumer<String> sink;
  private final MonotonicClock clock;

  public EventLog(Consumer<String> sink, MonotonicClock clock) {
    this.sink = sink;
    this.clock = clock;
  }

  /** Logs to {@code logger} at level info. */
  public static EventLog to(Logger logger, MonotonicClock clock) {
    return new EventLog(logger::info, clock);
  }

  /** The clock whose readings the events carry. */
  public MonotonicClock clock() {
    return clock;
  }

  /** The client is about to connect. Returns the time written, in nanoseconds. */
  public long clientSend(TraceId trace, String url, Optional<String> path) {
    long now = clock.nanos();
    sink.accept(
        "[weights][%s] client.send url=%s%s t=%s"
            .formatted(
                trace, value(url), path.map(p -> " path=" + value(p)).orElse(""), seconds(now)));
    return now;
  }

  /** The first byte of an admin request arrived at {@code recvNanos}. */
  public void serverRecv(TraceId trace, String path, long recvNanos) {
    sink.accept(
        "[weights][%s] server.recv path=%s t=%s".formatted(trace, value(path), seconds(recvNanos)));
  }

  /** The engine operation began at {@code startNanos}. */
  public void rpcStart(TraceId trace, String op, long startNanos) {
    sink.accept(
        "[weights][%s] rpc.start op=%s t=%s".formatted(trace, value(op), seconds(startNanos)));
  }

  /** The engine operation ended at {@code doneNanos} after {@code rpcMs}. */
  public void rpcDone(TraceId trace, String op, long doneNanos, double rpcMs) {
    sink.accept(
        "[weights][%s] rpc.done op=%s t=%s rpc_ms=%s"
            .formatted(trace, value(op), seconds(doneNanos), ms(rpcMs)));
  }

  /**
   * The engine operation failed at {@code doneNanos} after {@code rpcMs}; the weights before it
   * keep serving.
   */
  public void rpcFailed(TraceId trace, String op, long doneNanos, double rpcMs, String code) {
    sink.accept(
        "[weights][%s] rpc.done op=%s t=%s rpc_ms=%s error=%s"
            .formatted(trace, value(op), seconds(doneNanos), ms(rpcMs), value(code)));
  }

  /**
   * The client has the whole answer. The queue time written is the difference of the two figures
   * written before it. A server that does not report its rpc time leaves both out: the queue time
   * is then unknown.
   */
  public void clientDone(AdminTimings timings) {
    StringBuilder line = new StringBuilder();
    line.append("[weights][")
        .append(timings.trace())
        .append("] client.done wall_ms=")
        .append(ms(timings.wallMs()));
    timings
        .rpcMs()
        .ifPresent(
            rpc ->
                line.append(" rpc_ms=")
                    .append(ms(rpc))
                    .append(" queue_ms=")
                    .append(ms(tenths(timings.wallMs()) - tenths(rpc))));
    line.append(" op=").append(value(timings.op())).append(" url=").append(value(timings.url()));
    line.append(" connect_ms=").append(ms(timings.connectMs()));
    timings.handlerMs().ifPresent(handler -> line.append(" handler_ms=").append(ms(handler)));
    timings.phases().entrySet().stream()
        .sorted(java.util.Map.Entry.comparingByKey())
        .forEach(
            phase ->
                line.append(' ')
                    .append(value(phase.getKey()))
                    .append('=')
                    .append(ms(phase.getValue())));
    sink.accept(line.toString());
  }

  /** An admin call ended without success after {@code wallMs}; {@code error} says how. */
  public void clientFailed(TraceId trace, String op, String url, double wallMs, String error) {
    sink.accept(
        "[weights][%s] client.done wall_ms=%s op=%s url=%s error=%s"
            .formatted(trace, ms(wallMs), value(op), value(url), value(error)));
  }

  /** The trainer has published the checkpoint of a step. */
  public void checkpointWritten(long step, double writeMs) {
    sink.accept("[ckpt] write.done step=%d write_ms=%s".formatted(step, ms(writeMs)));
  }

  /** The orchestrator begins to wait for the checkpoint of a step. */
  public void checkpointWaitStart(long targetStep) {
    sink.accept("[ckpt] wait.start target_step=%d".formatted(targetStep));
  }

  /** The checkpoint of a step is there after {@code waitMs}. */
  public void checkpointWaitDone(long targetStep, double waitMs) {
    sink.accept("[ckpt] wait.done target_step=%d wait_ms=%s".formatted(targetStep, ms(waitMs)));
  }

  /** Collecting a batch begins with {@code inflight} completions streaming. */
  public void batchStart(int inflight, int targetBatch) {
    sink.accept("[gen] batch.start inflight=%d target_batch=%d".formatted(inflight, targetBatch));
  }

  /** A batch of {@code completions} is complete after {@code durMs}. */
  public void batchDone(int completions, double durMs, int inflight) {
    sink.accept(
        "[gen] batch.done completions=%d dur_ms=%s inflight=%d"
            .formatted(completions, ms(durMs), inflight));
  }

  /**
   * The quality of a batch: share of completions cut off by the token limit in percent, and how far
   * its policy lags.
   */
  public void rollouts(double truncPct, long currentStep, long ckptStep) {
    sink.accept(
        "[rollout] trunc_pct=%s current_step=%d ckpt_step=%d staleness=%d"
            .formatted(ms(truncPct), currentStep, ckptStep, currentStep - ckptStep));
  }

  private static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.6f", nanos / 1e9);
  }

  private static String ms(double millis) {
    return String.format(Locale.ROOT, "%.1f", tenths(millis));
  }

  /** Rounded to the one decimal that is written; adding zero turns −0 into 0. */
  private static double tenths(double millis) {
    return Math.round(millis * 10) / 10.0 + 0.0;
  }

  private static String value(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (Character.isWhitespace(c) || Character.isISOControl(c)) {
                for (byte b :
                    Character.toString(c).getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
                  escaped.append('%').append(String.format(Locale.ROOT, "%02X", b));
                }
              } else {
                escaped.appendCodePoint(c);
              }
            });
    return escaped.toString();
  }
}

package dev.freshet.server;

import dev.freshet.http.RequestLog;
import dev.freshet.trace.MonotonicClock;

/** Counts one completion in the metrics. Confined to its event loop. */
final class CompletionMeter {
  /** The finish reason of a completion whose client disconnected or was disconnected. */
  static final String GONE = "gone";

  private final ServerMetrics metrics;
  private final MonotonicClock clock;
  private final long recvNanos;
  private boolean open;
  private final RequestLog.Usage usage;
  private boolean hasToken;

  /**
   * @param recvNanos when the first byte of its request arrived
   * @param usage of its request, for the log
   */
  CompletionMeter(
      ServerMetrics metrics, MonotonicClock clock, long recvNanos, RequestLog.Usage usage) {
    this.metrics = metrics;
    this.clock = clock;
    this.recvNanos = recvNanos;
    this.usage = usage;
  }

  /** Records that the engine accepted the completion. */
  void begin() {
    open = true;
    metrics.opened();
  }

  /** Records a token. */
  void token() {
    if (!hasToken) {
      hasToken = true;
      long nanos = clock.nanos() - recvNanos;
      metrics.firstToken(nanos);
      usage.firstToken(nanos);
    }
  }

  /** Records the end; only the first call counts. */
  void end(String finishReason) {
    if (open) {
      open = false;
      metrics.closed(finishReason);
    }
  }
}

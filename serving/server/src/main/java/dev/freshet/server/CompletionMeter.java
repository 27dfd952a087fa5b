package dev.freshet.server;

import dev.freshet.trace.MonotonicClock;

/** Tells the metrics of one completion, on its event loop. */
final class CompletionMeter {
  /** The finish reason of a completion whose client left, or was given up. */
  static final String GONE = "gone";

  private final ServerMetrics metrics;
  private final MonotonicClock clock;
  private final long recvNanos;
  private boolean open;
  private boolean hasToken;

  /**
   * @param recvNanos when the first byte of its request arrived
   */
  CompletionMeter(ServerMetrics metrics, MonotonicClock clock, long recvNanos) {
    this.metrics = metrics;
    this.clock = clock;
    this.recvNanos = recvNanos;
  }

  /** The engine has taken it. */
  void begin() {
    open = true;
    metrics.opened();
  }

  /** It has a token. */
  void token() {
    if (!hasToken) {
      hasToken = true;
      metrics.firstToken(clock.nanos() - recvNanos);
    }
  }

  /** It is over; the first reason counts. */
  void end(String finishReason) {
    if (open) {
      open = false;
      metrics.closed(finishReason);
    }
  }
}

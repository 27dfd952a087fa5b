package dev.freshet.http;

import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Bounds how long a connection waits for the rest of a request, however its bytes drip in. Confined
 * to the connection's event loop.
 */
final class ReadDeadline {
  private final Duration within;
  private final Runnable expired;
  private Optional<Future<?>> pending = Optional.empty();

  ReadDeadline(Duration within, Runnable expired) {
    this.within = within;
    this.expired = expired;
  }

  /** Begins to count, unless it counts already. */
  void begin(EventExecutor loop) {
    if (pending.isEmpty()) {
      pending = Optional.of(loop.schedule(this::expire, within.toNanos(), TimeUnit.NANOSECONDS));
    }
  }

  private void expire() {
    pending = Optional.empty();
    expired.run();
  }

  /** The request has ended, or its rest is of no interest. */
  void end() {
    pending.ifPresent(timer -> timer.cancel(false));
    pending = Optional.empty();
  }
}

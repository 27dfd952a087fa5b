package dev.freshet.client;

import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** The system's clock, which a test can set forward. */
public final class SteppedClock implements MonotonicClock {
  private final AtomicLong ahead = new AtomicLong();

  @Override
  public long nanos() {
    return MonotonicClock.SYSTEM.nanos() + ahead.get();
  }

  public void advance(Duration by) {
    ahead.addAndGet(by.toNanos());
  }
}

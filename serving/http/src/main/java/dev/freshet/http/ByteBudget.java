package dev.freshet.http;

import java.util.concurrent.atomic.AtomicLong;

/** Bounds the bytes that requests of one kind hold together. Thread-safe. */
public final class ByteBudget {
  private final long max;
  private final AtomicLong held = new AtomicLong();

  public ByteBudget(long max) {
    this.max = max;
  }

  /** Reserves {@code bytes}; returns false and reserves nothing if that exceeds the bound. */
  public boolean reserve(long bytes) {
    if (held.addAndGet(bytes) > max) {
      held.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  public void release(long bytes) {
    held.addAndGet(-bytes);
  }

  public long max() {
    return max;
  }

  /** The bytes that are reserved now. */
  public long held() {
    return held.get();
  }
}

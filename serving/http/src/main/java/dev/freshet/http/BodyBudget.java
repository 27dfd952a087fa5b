package dev.freshet.http;

import java.util.concurrent.atomic.AtomicLong;

/** Bounds the bytes of request bodies that all connections of a listener hold. Thread-safe. */
final class BodyBudget {
  private final long max;
  private final AtomicLong held = new AtomicLong();

  BodyBudget(long max) {
    this.max = max;
  }

  /** Reserves {@code bytes}; returns false and reserves nothing if that exceeds the bound. */
  boolean reserve(int bytes) {
    if (held.addAndGet(bytes) > max) {
      held.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  void release(int bytes) {
    held.addAndGet(-bytes);
  }
}

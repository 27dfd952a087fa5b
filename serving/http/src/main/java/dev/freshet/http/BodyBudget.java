package dev.freshet.http;

import java.util.concurrent.atomic.AtomicLong;

/** The bytes of request bodies that all connections of a listener hold together. Thread-safe. */
final class BodyBudget {
  private final long most;
  private final AtomicLong held = new AtomicLong();

  BodyBudget(long most) {
    this.most = most;
  }

  /** Takes {@code bytes} of it, or nothing if there is not so much left. */
  boolean take(int bytes) {
    if (held.addAndGet(bytes) > most) {
      held.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  void giveBack(int bytes) {
    held.addAndGet(-bytes);
  }
}

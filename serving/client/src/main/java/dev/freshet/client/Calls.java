package dev.freshet.client;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A set of running completions that can be cancelled together. Thread-safe. */
public final class Calls {
  private final Set<Call> running = new HashSet<>();
  private boolean cancelled;

  /** Adds a call. After {@link #cancel} it is cancelled at once. */
  public void add(Call call) {
    synchronized (this) {
      if (!cancelled) {
        running.add(call);
        return;
      }
    }
    call.cancel();
  }

  public synchronized void remove(Call call) {
    running.remove(call);
  }

  /** Cancels all calls and every later one. Idempotent. */
  public void cancel() {
    List<Call> ended;
    synchronized (this) {
      cancelled = true;
      ended = List.copyOf(running);
      running.clear();
    }
    ended.forEach(Call::cancel);
  }

  public synchronized boolean cancelled() {
    return cancelled;
  }
}

package dev.freshet.orchestrator;

import dev.freshet.client.Call;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Completions under way that are cancelled together. Thread-safe. */
final class Calls {
  private final Set<Call> running = new HashSet<>();
  private boolean cancelled;

  /** Adds a call; one that comes after the cancellation is cancelled at once. */
  void add(Call call) {
    synchronized (this) {
      if (!cancelled) {
        running.add(call);
        return;
      }
    }
    call.cancel();
  }

  synchronized void remove(Call call) {
    running.remove(call);
  }

  /** Cancels all calls and every later one. Idempotent. */
  void cancel() {
    List<Call> ended;
    synchronized (this) {
      cancelled = true;
      ended = List.copyOf(running);
      running.clear();
    }
    ended.forEach(Call::cancel);
  }

  synchronized boolean cancelled() {
    return cancelled;
  }
}

package dev.freshet.trace.waits;

import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Waits in progress, with their ages by one clock. Beginning and ending a wait never blocks.
 * Thread-safe.
 */
public final class WaitRegistry {
  /** Is told of waits that ended after their deadline. */
  @FunctionalInterface
  public interface Overdue {
    /**
     * A wait has ended after its deadline. Called on the thread that waited.
     *
     * @param open the waits in progress at that moment, including this one
     */
    void ended(Wait wait, List<Wait> open);
  }

  private final MonotonicClock clock;
  private final AtomicLong ids = new AtomicLong();
  private final Map<Long, Waits.Open> open = new ConcurrentSkipListMap<>();
  private final List<Overdue> listeners = new CopyOnWriteArrayList<>();

  public WaitRegistry(MonotonicClock clock) {
    this.clock = clock;
  }

  /** See {@link Waits#begin(String, String, String, Duration)}. */
  public Waits.Open begin(String role, String what, String on, Duration deadline) {
    return begin(role, what, on, true, Optional.of(deadline), () -> 0);
  }

  /** See {@link Waits#begin(String, String, String, Duration, LongSupplier)}. */
  public Waits.Open begin(
      String role, String what, String on, Duration deadline, LongSupplier arrived) {
    return begin(role, what, on, true, Optional.of(deadline), arrived);
  }

  Waits.Open begin(
      String role,
      String what,
      String on,
      boolean holds,
      Optional<Duration> deadline,
      LongSupplier arrived) {
    Waits.Open begun =
        new Waits.Open(this, ids.incrementAndGet(), role, what, on, holds, deadline, arrived);
    open.put(begun.id(), begun);
    return begun;
  }

  void end(Waits.Open wait) {
    if (wait.hasDeadline() && !listeners.isEmpty()) {
      Wait ended = wait.now();
      if (ended.isOverdue()) {
        List<Wait> all = open();
        listeners.forEach(listener -> listener.ended(ended, all));
      }
    }
    open.remove(wait.id());
  }

  /** The clock that measures the ages. */
  public MonotonicClock clock() {
    return clock;
  }

  /** The waits in progress, the oldest first. */
  public List<Wait> open() {
    return open.values().stream().map(Waits.Open::now).toList();
  }

  /** Adds a listener. */
  public void listen(Overdue listener) {
    listeners.add(listener);
  }

  /** Removes a listener. */
  public void remove(Overdue listener) {
    listeners.remove(listener);
  }
}

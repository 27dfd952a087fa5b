package dev.freshet.trace.waits;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The waits that go on in this process. What blocks says so for as long as it does:
 *
 * <pre>{@code
 * try (Waits.Open _ = Waits.begin("trainer", "batch 12", "orchestrator", deadline)) {
 *   ... wait ...
 * }
 * }</pre>
 *
 * <p>As a thread dump, it is of the whole process, whoever's threads they are. To begin and to end
 * a wait waits for nobody. Thread-safe.
 */
public final class Waits {
  /** Told of waits that ended too late. */
  @FunctionalInterface
  public interface Overdue {
    /**
     * A wait has ended after its deadline.
     *
     * @param open the waits that went on then, itself included
     */
    void ended(Wait wait, List<Wait> open);
  }

  private static final Map<Long, Open> OPEN = new ConcurrentSkipListMap<>();
  private static final AtomicLong IDS = new AtomicLong();
  private static final List<Overdue> LISTENERS = new CopyOnWriteArrayList<>();

  private Waits() {}

  /** A wait that has begun, until it is closed. */
  public static final class Open implements AutoCloseable {
    private final long id = IDS.incrementAndGet();
    private final long sinceNanos = System.nanoTime();
    private final String role;
    private final String what;
    private final String on;
    private final boolean holds;
    private final Optional<Duration> deadline;
    private final String thread = Thread.currentThread().getName();

    private Open(String role, String what, String on, boolean holds, Optional<Duration> deadline) {
      this.role = role;
      this.what = what;
      this.on = on;
      this.holds = holds;
      this.deadline = deadline;
      OPEN.put(id, this);
    }

    private Wait now() {
      Duration age = Duration.ofNanos(System.nanoTime() - sinceNanos);
      return new Wait(role, what, on, holds, age, deadline, thread);
    }

    @Override
    public void close() {
      if (deadline.isPresent() && !LISTENERS.isEmpty()) {
        Wait wait = now();
        if (wait.isOverdue()) {
          List<Wait> open = open();
          LISTENERS.forEach(listener -> listener.ended(wait, open));
        }
      }
      OPEN.remove(id);
    }
  }

  /**
   * The calling thread is about to wait, at most until the deadline, and its role's work stands
   * still.
   *
   * @see Wait
   */
  public static Open begin(String role, String what, String on, Duration deadline) {
    return new Open(role, what, on, true, Optional.of(deadline));
  }

  /** The same for as long as it takes. */
  public static Open begin(String role, String what, String on) {
    return new Open(role, what, on, true, Optional.empty());
  }

  /** The calling thread is about to wait for something to do. */
  public static Open idle(String role, String what, String on) {
    return new Open(role, what, on, false, Optional.empty());
  }

  /** Those that go on now, the oldest first. */
  public static List<Wait> open() {
    return OPEN.values().stream().map(Open::now).toList();
  }

  /** Has {@code listener} told, on the thread that has waited, until it is removed. */
  public static void listen(Overdue listener) {
    LISTENERS.add(listener);
  }

  /** Tells it no more. */
  public static void remove(Overdue listener) {
    LISTENERS.remove(listener);
  }
}

package dev.freshet.trace.waits;

import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The waits in progress in this process. Code that blocks records its wait for as long as it
 * blocks:
 *
 * <pre>{@code
 * try (Waits.Open _ = Waits.begin("trainer", "batch 12", "orchestrator", deadline)) {
 *   ... wait ...
 * }
 * }</pre>
 *
 * <p>Process-wide, like a thread dump. Beginning and ending a wait never blocks. Thread-safe.
 */
public final class Waits {
  private static final WaitRegistry PROCESS = new WaitRegistry(MonotonicClock.SYSTEM);

  private Waits() {}

  /** A wait in progress until it is closed. */
  public static final class Open implements AutoCloseable {
    private final WaitRegistry registry;
    private final long id;
    private final long sinceNanos;
    private final String role;
    private final String what;
    private final String on;
    private final boolean holds;
    private final Optional<Duration> deadline;
    private final LongSupplier arrived;
    private final String thread = Thread.currentThread().getName();
    private volatile Seen seen;

    /** What had arrived when it was last looked at, and since when it is the same. */
    private record Seen(long arrived, long sinceNanos) {}

    Open(
        WaitRegistry registry,
        long id,
        String role,
        String what,
        String on,
        boolean holds,
        Optional<Duration> deadline,
        LongSupplier arrived) {
      this.registry = registry;
      this.id = id;
      this.sinceNanos = registry.clock().nanos();
      this.role = role;
      this.what = what;
      this.on = on;
      this.holds = holds;
      this.deadline = deadline;
      this.arrived = arrived;
      this.seen = new Seen(0, sinceNanos);
    }

    long id() {
      return id;
    }

    boolean hasDeadline() {
      return deadline.isPresent();
    }

    Wait now() {
      long now = registry.clock().nanos();
      Seen before = seen;
      long count = arrived.getAsLong();
      if (count != before.arrived()) {
        before = new Seen(count, now);
        seen = before;
      }
      return new Wait(
          role,
          what,
          on,
          holds,
          Duration.ofNanos(now - sinceNanos),
          Duration.ofNanos(now - before.sinceNanos()),
          deadline,
          thread);
    }

    @Override
    public void close() {
      registry.end(this);
    }
  }

  /**
   * The calling thread is about to wait, at most until the deadline, and blocks its role's work
   * meanwhile.
   *
   * @see Wait
   */
  public static Open begin(String role, String what, String on, Duration deadline) {
    return PROCESS.begin(role, what, on, deadline);
  }

  /**
   * The same for something that arrives in parts.
   *
   * @param arrived how many parts have arrived; may be called by any thread
   */
  public static Open begin(
      String role, String what, String on, Duration deadline, LongSupplier arrived) {
    return PROCESS.begin(role, what, on, deadline, arrived);
  }

  /** The same without a deadline. */
  public static Open begin(String role, String what, String on) {
    return PROCESS.begin(role, what, on, true, Optional.empty(), () -> 0);
  }

  /** The calling thread is about to wait for something to do. */
  public static Open idle(String role, String what, String on) {
    return PROCESS.begin(role, what, on, false, Optional.empty(), () -> 0);
  }

  /** The waits in progress, the oldest first. */
  public static List<Wait> open() {
    return PROCESS.open();
  }

  /** The registry of this process. */
  public static WaitRegistry process() {
    return PROCESS;
  }
}

package dev.freshet.trace.waits;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds hangs: waits for which nothing has arrived for {@link #AFTER}, and whose owner is not
 * blocked itself. A cause is reported at that moment, and each time its silence has doubled; waits
 * of one cause, such as all completions of a server, are reported as one. Used by one thread, which
 * looks more often than that.
 */
public final class HangWatch {
  /** The silence after which a wait is reported. */
  public static final Duration AFTER = Duration.ofSeconds(30);

  private record Cause(String role, String what, String on) {
    static Cause of(Wait wait) {
      return new Cause(wait.role(), wait.what(), wait.on());
    }
  }

  /** The silence at which each cause is reported next. */
  private final Map<Cause, Duration> next = new HashMap<>();

  /**
   * The waits to report now, the one with the longest silence of each cause.
   *
   * @param open all waits in progress of this process
   */
  public List<Wait> look(List<Wait> open) {
    Map<Cause, Wait> silent = new LinkedHashMap<>();
    for (Wait wait : silent(open)) {
      silent.merge(Cause.of(wait), wait, (a, b) -> a.quiet().compareTo(b.quiet()) >= 0 ? a : b);
    }
    next.keySet().retainAll(silent.keySet());
    List<Wait> due = new ArrayList<>();
    silent.forEach(
        (cause, wait) -> {
          if (wait.quiet().compareTo(next.getOrDefault(cause, AFTER)) >= 0) {
            next.put(cause, wait.quiet().multipliedBy(2));
            due.add(wait);
          }
        });
    return due;
  }

  /**
   * The waits among {@code open}, of any number of roles, that are hangs: silent ones whose owner
   * is not blocked, and silent ones of roles that wait for each other.
   */
  public static List<Wait> silent(List<Wait> open) {
    Set<String> cycle = Set.copyOf(new WaitGraph(open).cycle());
    Set<String> blocked =
        open.stream().filter(Wait::holds).map(Wait::role).collect(Collectors.toSet());
    return open.stream()
        .filter(Wait::holds)
        .filter(wait -> wait.quiet().compareTo(AFTER) >= 0)
        .filter(wait -> cycle.contains(wait.role()) || !blocked.contains(wait.onRole()))
        .toList();
  }

  /**
   * The hang behind a silent wait whose owner is blocked, such as a forgotten pause behind a
   * completion. It may be younger than the wait, so half of {@link #AFTER} is enough. Empty if what
   * blocks the owner moves.
   *
   * @param open the waits of the process and of the other roles
   */
  public static Optional<Wait> behind(Wait silent, List<Wait> open) {
    return new WaitGraph(open)
        .behind(silent)
        .filter(wait -> wait.quiet().compareTo(AFTER.dividedBy(2)) >= 0);
  }
}

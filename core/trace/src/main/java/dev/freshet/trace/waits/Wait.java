package dev.freshet.trace.waits;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * A wait that goes on.
 *
 * @param role who waits: {@code trainer}, {@code orchestrator}, {@code inference}
 * @param what what has to happen, as it would be said after "waits for"
 * @param on who has to see to it: a role, which an address may follow, or somebody outside
 * @param holds whether the role's work stands still for it; not so where a server waits for
 *     requests, or a thread for what may come any time
 * @param age how long it has gone on
 * @param deadline how long it may; empty for as long as it takes
 * @param thread which thread of the role's process waits
 */
public record Wait(
    String role,
    String what,
    String on,
    boolean holds,
    Duration age,
    Optional<Duration> deadline,
    String thread) {

  /** Whether it has gone on for longer than it may. */
  public boolean isOverdue() {
    return deadline.filter(most -> age.compareTo(most) > 0).isPresent();
  }

  /** The role in {@link #on}, without the address. */
  String onRole() {
    int space = on.indexOf(' ');
    return space < 0 ? on : on.substring(0, space);
  }

  /** How long, in words: {@code 3.2 s of 600.0 s}. */
  public String duration() {
    return seconds(age)
        + deadline.map(most -> " of " + seconds(most)).orElse("")
        + (isOverdue() ? ", overdue" : "");
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
  }
}

package dev.freshet.trace.waits;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * A wait in progress.
 *
 * @param role who waits: {@code trainer}, {@code orchestrator}, {@code inference}
 * @param what the event it waits for, worded to follow "waits for"
 * @param on the owner of that event: a role, optionally followed by an address, or someone outside
 * @param holds whether it blocks the role's work; false for a server that waits for requests and
 *     for a thread that waits for work
 * @param age how long it has lasted
 * @param quiet how long nothing of what it waits for has arrived; its age if it arrives as a whole
 * @param deadline the longest it may last; empty for no limit
 * @param thread the name of the waiting thread
 */
public record Wait(
    String role,
    String what,
    String on,
    boolean holds,
    Duration age,
    Duration quiet,
    Optional<Duration> deadline,
    String thread) {

  /** Whether it has lasted longer than its deadline. */
  public boolean isOverdue() {
    return deadline.filter(most -> age.compareTo(most) > 0).isPresent();
  }

  /** The role in {@link #on}, without the address. */
  String onRole() {
    int space = on.indexOf(' ');
    return space < 0 ? on : on.substring(0, space);
  }

  /**
   * Its age and deadline as text: {@code 3.2 s of 600.0 s}; and its silence, if something has
   * arrived but not for a while.
   */
  public String duration() {
    return seconds(age)
        + deadline.map(most -> " of " + seconds(most)).orElse("")
        + (isOverdue() ? ", overdue" : "")
        + (quiet.compareTo(age) < 0 && quiet.compareTo(HangWatch.AFTER) >= 0
            ? ", nothing for " + seconds(quiet)
            : "");
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
  }
}

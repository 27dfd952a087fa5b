package dev.freshet.fleet;

import dev.freshet.trace.waits.Waits;
import java.util.Optional;

/**
 * The registered wait for the resume of something that a client has paused, so that a pause which
 * is forgotten is named like any hang. Thread-safe.
 */
final class PauseWait {
  private final String role;
  private final String what;
  private Optional<Waits.Open> open = Optional.empty();

  /**
   * @param role who cannot work meanwhile
   * @param what the resume, worded to follow "waits for"
   */
  PauseWait(String role, String what) {
    this.role = role;
    this.what = what;
  }

  /** Whether it is paused now. */
  synchronized void paused(boolean now) {
    if (now && open.isEmpty()) {
      open = Optional.of(Waits.begin(role, what, "the client that paused it"));
    } else if (!now) {
      open.ifPresent(Waits.Open::close);
      open = Optional.empty();
    }
  }
}

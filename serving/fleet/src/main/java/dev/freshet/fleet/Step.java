package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.wire.OneLine;

/** How a phase of the update of one replica ended. */
sealed interface Step {
  /** It did what the phase is for. */
  record Done() implements Step {}

  /**
   * It did nothing and serves what it served before.
   *
   * @param rejected whether it answered that it does not accept these weights
   */
  record Refused(String why, boolean rejected) implements Step {}

  /** Its weights may be missing or mixed. */
  record Broken(String why) implements Step {}

  /** It may have done it, or may still be doing it. */
  record Unclear(String why) implements Step {}

  default boolean done() {
    return this instanceof Done;
  }

  /** Why it is not done. */
  default String why() {
    return switch (this) {
      case Done() -> "";
      case Refused(String why, boolean _) -> why;
      case Broken(String why) -> why;
      case Unclear(String why) -> why;
    };
  }

  /** The step of a call that failed and changes nothing if it is refused. */
  static Step of(AdminException e) {
    if (isRejection(e)) {
      return new Refused(OneLine.of(e), true);
    }
    return e.neverHandled() ? new Refused(OneLine.of(e), false) : new Unclear(OneLine.of(e));
  }

  /** The step of a failed call that replaces the weights while it runs. */
  static Step ofLoad(AdminException e) {
    boolean noRoute = e.status() == 404 || e.status() == 405 || e.status() == 401;
    if (e.status() == 0 || noRoute || e.status() == 403) {
      return of(e);
    }
    return new Broken(OneLine.of(e));
  }

  private static boolean isRejection(AdminException e) {
    return e.status() >= 400 && e.status() < 500;
  }
}

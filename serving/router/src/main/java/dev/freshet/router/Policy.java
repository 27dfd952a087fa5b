package dev.freshet.router;

import java.util.List;

/** Chooses the replica of a request. Called on every event loop at once: thread-safe. */
interface Policy {
  /**
   * Chooses one of {@code candidates}, of which there is at least one: the replicas that take
   * requests now and serve the version that the request needs.
   */
  Upstream choose(RoutedRequest request, List<Upstream> candidates);

  /** Forgets a session. Returns whether it was known. */
  default boolean finishSession(String session) {
    return false;
  }
}

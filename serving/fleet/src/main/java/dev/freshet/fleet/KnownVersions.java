package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Serving;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The names of the versions that a fleet has asked a replica to load, or found it with before it
 * loaded anything else: any other name tells that another program has loaded it. The newest {@value
 * #MAX}. Thread-safe.
 */
final class KnownVersions {
  private static final int MAX = 64;

  private final Set<String> names = new LinkedHashSet<>();

  /** The replica is about to be asked to load the version of that name. */
  synchronized void requested(String name) {
    names.remove(name);
    names.add(name);
    if (names.size() > MAX) {
      names.remove(names.iterator().next());
    }
  }

  /** What the replica serves is accepted: it was started with it, or an earlier fleet loaded it. */
  void accepted(Serving serving) {
    serving.name().ifPresent(this::requested);
  }

  /**
   * Whether another program has loaded what the replica serves. False while this fleet has not
   * loaded anything, which a fleet that continues a run does not have to.
   */
  synchronized boolean isForeign(Serving serving) {
    boolean numbered = serving.version().filter(version -> version != 0).isPresent();
    return numbered && !names.isEmpty() && serving.name().filter(names::contains).isEmpty();
  }
}

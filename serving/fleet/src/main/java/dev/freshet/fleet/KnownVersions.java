package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Serving;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The names of the versions that a fleet has asked a replica to load, or that its program had by
 * itself: any other name tells that another program has loaded it. The newest {@value #MAX}.
 * Thread-safe.
 */
final class KnownVersions {
  private static final int MAX = 64;

  /** Of the names that a fleet gives, with an attempt. */
  private static final String SEPARATOR = "@";

  private final Set<String> names = new LinkedHashSet<>();

  /** The replica is about to be asked to load the version of that name. */
  synchronized void requested(String name) {
    names.remove(name);
    names.add(name);
    if (names.size() > MAX) {
      names.remove(names.iterator().next());
    }
  }

  /**
   * What the replica serves before this fleet has loaded anything, which a restart may bring back;
   * no restart brings back a name with an attempt.
   */
  synchronized void found(Serving serving) {
    serving.name().filter(name -> !name.contains(SEPARATOR)).ifPresent(this::requested);
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

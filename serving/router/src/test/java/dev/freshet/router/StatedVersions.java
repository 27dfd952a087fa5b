package dev.freshet.router;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The versions by which a fleet may answer, over time: one, or two while an update runs. */
final class StatedVersions {
  private final List<Set<Integer>> history = new ArrayList<>(List.of(Set.of(0)));

  /** An update begins, after which the fleet serves {@code next} or what it served before. */
  synchronized void mayBecome(int next) {
    Set<Integer> both = new HashSet<>(history.getLast());
    both.add(next);
    history.add(both);
  }

  /** The fleet states that it serves {@code version}. */
  synchronized void is(int version) {
    history.add(Set.of(version));
  }

  /** The present moment. */
  synchronized int now() {
    return history.size() - 1;
  }

  /** The versions by which a request may be answered that was sent at {@code moment}. */
  synchronized Set<Integer> since(int moment) {
    Set<Integer> all = new HashSet<>();
    history.subList(moment, history.size()).forEach(all::addAll);
    return all;
  }
}

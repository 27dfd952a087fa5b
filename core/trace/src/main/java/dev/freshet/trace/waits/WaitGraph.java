package dev.freshet.trace.waits;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Who waits for whom, of the waits of one process or of several. Its edges are the waits for which
 * a role's work stands still.
 */
public final class WaitGraph {
  private final List<Wait> waits;
  private final Map<String, List<Wait>> edges;

  public WaitGraph(List<Wait> waits) {
    this.waits = List.copyOf(waits);
    this.edges =
        waits.stream()
            .filter(Wait::holds)
            .collect(Collectors.groupingBy(Wait::role, LinkedHashMap::new, Collectors.toList()));
  }

  /** Roles each of which waits for the next and the last for the first; empty if there are none. */
  public List<String> cycle() {
    for (String role : edges.keySet()) {
      List<String> found = cycle(role, new LinkedHashSet<>());
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  private List<String> cycle(String role, Set<String> path) {
    if (path.contains(role)) {
      List<String> roles = new ArrayList<>(path);
      return roles.subList(roles.indexOf(role), roles.size());
    }
    path.add(role);
    for (Wait wait : edges.getOrDefault(role, List.of())) {
      List<String> found = cycle(wait.onRole(), path);
      if (!found.isEmpty()) {
        return found;
      }
    }
    path.remove(role);
    return List.of();
  }

  /**
   * What everything else waits for in the end: of the waits that are on somebody who waits for
   * nobody, the oldest. Empty if nobody waits, or all do in a circle.
   */
  public Optional<Wait> missing() {
    return edges.values().stream()
        .flatMap(List::stream)
        .filter(wait -> !edges.containsKey(wait.onRole()))
        .max(Comparator.comparing(Wait::age));
  }

  /** What is to be said of it, in a sentence. */
  public String verdict() {
    List<String> cycle = cycle();
    if (!cycle.isEmpty()) {
      return "%s wait for each other in a circle: none goes on until one gives up."
          .formatted(String.join(", ", cycle));
    }
    return missing()
        .map(
            wait ->
                "What is missing is %s, which %s has to bring about: %s waits for it, %s."
                    .formatted(wait.what(), wait.on(), wait.role(), wait.duration()))
        .orElse("Nobody's work stands still.");
  }

  /** Waits of one role for the same of the same, which are told of together. */
  private record Kind(String role, String what, String on, boolean holds) {}

  /** The sentence, and a line for all waits of a kind, by role, the oldest first. */
  public String text() {
    Map<Kind, List<Wait>> kinds =
        waits.stream()
            .sorted(
                Comparator.comparing(Wait::role)
                    .thenComparing(Wait::age, Comparator.reverseOrder()))
            .collect(
                Collectors.groupingBy(
                    wait -> new Kind(wait.role(), wait.what(), wait.on(), wait.holds()),
                    LinkedHashMap::new,
                    Collectors.toList()));
    StringBuilder text = new StringBuilder(verdict()).append('\n');
    kinds.forEach(
        (kind, same) ->
            text.append(
                "  %s %s %s%s on %s, %s%s (thread %s)%n"
                    .formatted(
                        kind.role(),
                        kind.holds() ? "waits for" : "is ready for",
                        same.size() == 1 ? "" : same.size() + " times ",
                        kind.what(),
                        kind.on(),
                        same.size() == 1 ? "" : "the longest ",
                        same.getFirst().duration(),
                        same.getFirst().thread())));
    return text.toString();
  }
}

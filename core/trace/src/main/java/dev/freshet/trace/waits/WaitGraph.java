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
 * Which role waits for which, over the waits of one or several processes. The edges are the waits
 * that block a role's work.
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

  /** Roles of which each waits for the next, and the last for the first; empty without a cycle. */
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
   * The wait that blocks all others: the oldest of those whose owner is not blocked itself. Empty
   * if no role is blocked, or if all are in a cycle.
   */
  Optional<Wait> missing() {
    return edges.values().stream()
        .flatMap(List::stream)
        .filter(wait -> !edges.containsKey(wait.onRole()))
        .max(Comparator.comparing(Wait::age));
  }

  /**
   * What blocks the owner of a wait in the end: of the waits that it leads to, the most silent one
   * whose owner is not blocked itself. Empty if the owner is not blocked, or in a cycle.
   */
  Optional<Wait> behind(Wait wait) {
    List<Wait> ends = new ArrayList<>();
    collectEnds(wait.onRole(), new LinkedHashSet<>(), ends);
    return ends.stream().max(Comparator.comparing(Wait::quiet));
  }

  private void collectEnds(String role, Set<String> path, List<Wait> ends) {
    if (!path.add(role)) {
      return;
    }
    for (Wait wait : edges.getOrDefault(role, List.of())) {
      if (edges.containsKey(wait.onRole())) {
        collectEnds(wait.onRole(), path, ends);
      } else {
        ends.add(wait);
      }
    }
  }

  /** On what and on whom the roles are blocked, in a sentence. */
  public String verdict() {
    List<String> cycle = cycle();
    if (!cycle.isEmpty()) {
      return "Deadlock: %s wait for each other until one of them times out."
          .formatted(String.join(", ", cycle));
    }
    return missing()
        .map(
            wait ->
                "Blocked on %s (owner: %s): %s waits for it, %s."
                    .formatted(wait.what(), wait.on(), wait.role(), wait.duration()))
        .orElse("No role is blocked.");
  }

  /** Waits that share a line of text. */
  private record Kind(String role, String what, String on, boolean holds) {}

  /** The verdict, then one line for all waits of a kind, by role, the oldest first. */
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

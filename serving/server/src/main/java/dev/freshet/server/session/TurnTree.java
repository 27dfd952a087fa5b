package dev.freshet.server.session;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;

/** The turns of a session, each under the turn whose tokens begin its prompt. Not thread-safe. */
final class TurnTree {
  private final List<Turn> turns = new ArrayList<>();
  private final List<Turn> roots = new ArrayList<>();
  private final IdentityHashMap<Turn, List<Turn>> children = new IdentityHashMap<>();

  /**
   * Where a prompt belongs.
   *
   * @param parent the turn with the most tokens that begin it
   * @param broken whether the prompt begins with the prompt of a further turn, but not with its
   *     answer
   */
  record Place(Optional<Turn> parent, boolean broken) {}

  void add(Turn turn) {
    turns.add(turn);
    turn.parent().map(this::childrenOf).orElse(roots).add(turn);
  }

  private List<Turn> childrenOf(Turn turn) {
    return children.computeIfAbsent(turn, _ -> new ArrayList<>());
  }

  /** The turns in their order. */
  List<Turn> turns() {
    return turns;
  }

  /** The turns that no other extends, in their order. */
  List<Turn> leaves() {
    return turns.stream().filter(turn -> !children.containsKey(turn)).toList();
  }

  /** The number of turns that no other extends. */
  int leafCount() {
    return turns.size() - children.size();
  }

  /** The place of a prompt for {@code model}. */
  Place place(String model, int[] ids) {
    Optional<Turn> parent = Optional.empty();
    List<Turn> level = roots;
    while (true) {
      List<Turn> asked =
          level.stream()
              .filter(turn -> turn.call().model().equals(model))
              .filter(turn -> turn.promptSize() < ids.length && turn.hasPromptOf(ids))
              .toList();
      Optional<Turn> next =
          asked.stream()
              .filter(turn -> turn.hasSampledOf(ids))
              .max(Comparator.comparingInt(Turn::size).thenComparingInt(Turn::number));
      if (next.isEmpty()) {
        return new Place(parent, !asked.isEmpty());
      }
      parent = next;
      level = children.getOrDefault(next.get(), List.of());
    }
  }
}

package dev.freshet.analysis;

import dev.freshet.trace.time.RoleState;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a role, or a server as the orchestrator's streams show it, did with its time.
 *
 * @param server the server's URL; empty for a role's own time
 * @param steps the steps it is of
 * @param states milliseconds of each state
 * @param source the number of the log with the first step
 * @param line its line there
 */
public record TimeShares(
    String role,
    String server,
    long steps,
    double wallMs,
    Map<RoleState, Double> states,
    int source,
    long line) {
  public TimeShares {
    states = Map.copyOf(states);
  }

  /** The role, with the server if there is one. */
  public String name() {
    return server.isEmpty() ? role : role + " " + server;
  }

  /** The milliseconds of a state; 0 if the role is never in it. */
  public double ms(RoleState state) {
    return states.getOrDefault(state, 0.0);
  }

  /** The share of a state, 0 to 1. */
  public double share(RoleState state) {
    return wallMs > 0 ? ms(state) / wallMs : 0;
  }

  /** The states of the role that take time, the longest first. */
  public List<RoleState> longest() {
    return states.keySet().stream()
        .filter(state -> share(state) > 0)
        .sorted(Comparator.comparingDouble(this::share).reversed().thenComparing(s -> s))
        .toList();
  }

  /** The shares of its states as text: {@code generating 70 %, held 30 %}. */
  public String inWords() {
    return longest().stream()
        .filter(state -> share(state) >= 0.005)
        .map(state -> state.wireName() + " " + Text.percent(share(state)))
        .collect(Collectors.joining(", "));
  }
}

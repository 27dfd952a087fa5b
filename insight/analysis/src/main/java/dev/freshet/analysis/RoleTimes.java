package dev.freshet.analysis;

import dev.freshet.analysis.read.Event;
import dev.freshet.trace.time.RoleState;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Sums the time of every role and server by state, over all steps. Owned by one thread. */
final class RoleTimes {
  /** The most roles and servers; those beyond are left out. */
  private static final int MOST = 4096;

  private record Who(String role, String server) {}

  /** The sums of one role or server. */
  private static final class Sum {
    private final Seen.Place first;
    private final Map<RoleState, Double> states = new EnumMap<>(RoleState.class);
    private long steps;
    private double wallMs;

    private Sum(Seen.Place first) {
      this.first = first;
    }
  }

  private final Map<Who, Sum> sums = new LinkedHashMap<>();

  void add(Event.StepTime time, Seen.Place place) {
    Who who = new Who(time.role(), time.server());
    if (sums.size() >= MOST && !sums.containsKey(who)) {
      return;
    }
    Sum sum = sums.computeIfAbsent(who, _ -> new Sum(place));
    sum.steps++;
    sum.wallMs += time.wallMs();
    time.states().forEach((state, ms) -> sum.states.merge(state, ms, Double::sum));
  }

  /** The shares of every role and server, in the order in which they were first read. */
  List<TimeShares> shares() {
    return sums.entrySet().stream()
        .map(
            e ->
                new TimeShares(
                    e.getKey().role(),
                    e.getKey().server(),
                    e.getValue().steps,
                    e.getValue().wallMs,
                    e.getValue().states,
                    e.getValue().first.source(),
                    e.getValue().first.line()))
        .toList();
  }
}

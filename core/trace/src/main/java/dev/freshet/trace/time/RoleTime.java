package dev.freshet.trace.time;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A role's time by state, in nanoseconds. A role is in one state at a time, so the states sum to
 * the wall time exactly.
 *
 * @param nanos of each state that the role can be in, in the order of its rank
 * @param openNanos the same of every activity on its own: two at a time count twice
 */
public record RoleTime(Map<RoleState, Long> nanos, Map<RoleState, Long> openNanos) {
  private static final double NANOS_PER_MS = 1e6;

  public RoleTime {
    nanos = Map.copyOf(nanos);
    openNanos = Map.copyOf(openNanos);
  }

  /** The time of all states. */
  public long wallNanos() {
    return nanos.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The time in a state; 0 if the role is never in it. */
  public long nanos(RoleState state) {
    return nanos.getOrDefault(state, 0L);
  }

  /** The share of the wall time spent in a state, 0 to 1. */
  public double share(RoleState state) {
    long wall = wallNanos();
    return wall == 0 ? 0 : (double) nanos(state) / wall;
  }

  /** How many activities of this kind were in progress, on average. */
  public double meanOpen(RoleState state) {
    long wall = wallNanos();
    return wall == 0 ? 0 : (double) openNanos.getOrDefault(state, 0L) / wall;
  }

  /** What was added since an earlier reading of the same clock. */
  public RoleTime since(RoleTime earlier) {
    return new RoleTime(difference(nanos, earlier.nanos), difference(openNanos, earlier.openNanos));
  }

  private static Map<RoleState, Long> difference(
      Map<RoleState, Long> now, Map<RoleState, Long> earlier) {
    Map<RoleState, Long> more = new EnumMap<>(RoleState.class);
    now.forEach((state, value) -> more.put(state, value - earlier.getOrDefault(state, 0L)));
    return more;
  }

  /** {@code wall_ms}, then every state's milliseconds, as fields of a metrics line. */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("wall_ms", wallNanos() / NANOS_PER_MS);
    new EnumMap<>(nanos).forEach((state, value) -> fields.put(state.field(), value / NANOS_PER_MS));
    return fields;
  }
}

package dev.freshet.metrics;

import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import java.util.Arrays;

/** Publishes a role's time by state: one counter of seconds a state, which sum to the wall time. */
public final class RoleTimeSeries {
  private RoleTimeSeries() {}

  /**
   * Reads the seconds of every state of {@code clock} at each scrape.
   *
   * @param seconds has a label for the state after those with {@code values}
   */
  public static void publish(Metric<Counter> seconds, RoleClock clock, String... values) {
    for (RoleState state : clock.states()) {
      String[] labels = Arrays.copyOf(values, values.length + 1);
      labels[values.length] = state.wireName();
      seconds.of(labels).read(() -> clock.seconds(state));
    }
  }
}

package dev.freshet.server;

import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Gauge;
import dev.freshet.metrics.Metric;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.server.session.PrefixKind;
import java.util.function.DoubleSupplier;

/** The metrics of the sessions of an inference server. Thread-safe. */
public final class SessionMetrics {
  private final Gauge open;
  private final Metric<Counter> calls;
  private final Metric<Counter> turns;
  private final Metric<Counter> ends;
  private final Counter dropped;

  SessionMetrics(MetricsRegistry registry) {
    this.open =
        registry.gauge(Role.INFERENCE, "freshet_sessions_open", "Sessions that capture calls").of();
    this.calls =
        registry.counter(
            Role.INFERENCE,
            "freshet_session_calls_total",
            "Calls of sessions, by source: sampled, or replayed from the capture of an identical call",
            "source");
    this.turns =
        registry.counter(
            Role.INFERENCE,
            "freshet_session_turns_total",
            "Captured turns, by how their prompt begins: new; extended: with all tokens of an earlier"
                + " turn; broken: as an earlier turn, but not with all of its tokens",
            "prefix");
    this.ends =
        registry.counter(
            Role.INFERENCE,
            "freshet_sessions_ended_total",
            "Sessions that ended, by reason: deleted, rewarded, idle, evicted, closed",
            "reason");
    this.dropped =
        registry
            .counter(
                Role.INFERENCE,
                "freshet_session_lines_dropped_total",
                "Lines that are not in a session's capture file: the file is full or cannot be written")
            .of();
    createSeries();
  }

  private void createSeries() {
    calls.of("sampled");
    calls.of("replayed");
    for (PrefixKind prefix : PrefixKind.values()) {
      turns.of(prefix.wireName());
    }
    for (SessionEnd end : SessionEnd.values()) {
      ends.of(end.wireName());
    }
  }

  /** Sets how the number of open sessions is read. */
  void open(DoubleSupplier now) {
    open.read(now);
  }

  /** Counts a call. */
  void call(boolean replayed) {
    calls.of(replayed ? "replayed" : "sampled").add(1);
  }

  /** Counts a captured turn. */
  void turn(PrefixKind prefix) {
    turns.of(prefix.wireName()).add(1);
  }

  /** Counts the end of a session. */
  void ended(SessionEnd how) {
    ends.of(how.wireName()).add(1);
  }

  /** Counts a line that is not written. */
  void dropped() {
    dropped.add(1);
  }
}

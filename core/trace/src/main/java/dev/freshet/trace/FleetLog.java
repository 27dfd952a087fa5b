package dev.freshet.trace;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/**
 * Writes the tagged events of a fleet, one a line, in the form that {@link EventLog} describes: the
 * states of its replicas and its updates. The lines of an update follow each other, a line a
 * replica and then the update's. Thread-safe if its sink is.
 */
public final class FleetLog {
  private static final String TAG = "[fleet]";

  private final Consumer<String> sink;

  FleetLog(Consumer<String> sink) {
    this.sink = sink;
  }

  /**
   * What an update did on one replica.
   *
   * @param trace the id of its calls
   * @param server the root of its admin listener
   * @param kind the program that it runs
   * @param version the policy version that it serves now
   * @param outcome moved, refused, failed, or kept if the update was rolled back because of another
   * @param phases how long each phase took, in milliseconds
   * @param wallMs from the beginning of the update to the end of its last phase
   */
  public record ReplicaDone(
      TraceId trace,
      String server,
      String kind,
      long version,
      String outcome,
      OptionalDouble queueMs,
      Map<FleetPhase, Double> phases,
      double wallMs) {}

  /** The phase of all replicas that took the longest. */
  public record Slowest(String server, FleetPhase phase, double ms) {}

  /**
   * A fleet of {@code servers} begins to be looked after; the policy version is {@code version}.
   */
  public void begun(long version, int servers) {
    sink.accept(
        new Line(TAG + " begin").count("version", version).count("servers", servers).toString());
  }

  /**
   * A replica has another state than the line before says.
   *
   * @param version the policy version that it was last known to serve; −1 if it never was
   * @param paused whether its generation may be paused
   */
  public void replicaState(
      String server, String state, long version, long incarnation, boolean paused) {
    sink.accept(
        new Line(TAG + " replica.state")
            .field("server", server)
            .field("state", state)
            .count("version", version)
            .count("incarnation", incarnation)
            .field("paused", paused ? "yes" : "no")
            .toString());
  }

  /** A replica is no longer one of the fleet's. */
  public void replicaLeft(String server) {
    sink.accept(new Line(TAG + " replica.left").field("server", server).toString());
  }

  /** An update to {@code target} has ended on a replica. */
  public void replicaDone(long target, ReplicaDone replica) {
    Line line =
        new Line("%s[%s] replica.done".formatted(TAG, replica.trace().hex()))
            .ms("wall_ms", replica.wallMs())
            .field("server", replica.server())
            .field("kind", replica.kind())
            .count("version", replica.version())
            .count("target", target)
            .field("outcome", replica.outcome());
    replica.queueMs().ifPresent(ms -> line.ms("queue_ms", ms));
    for (FleetPhase phase : FleetPhase.values()) {
      Optional.ofNullable(replica.phases().get(phase)).ifPresent(ms -> line.ms(phase.field(), ms));
    }
    sink.accept(line.toString());
  }

  /** An update to {@code target} has ended on all replicas. */
  public void updateDone(
      long target, String outcome, int servers, double wallMs, Optional<Slowest> slowest) {
    Line line =
        new Line(TAG + " update.done")
            .count("version", target)
            .field("outcome", outcome)
            .count("servers", servers)
            .ms("wall_ms", wallMs);
    slowest.ifPresent(
        most ->
            line.field("slowest", most.server())
                .field("phase", most.phase().wireName())
                .ms("phase_ms", most.ms()));
    sink.accept(line.toString());
  }

  /** An update that a crash interrupted is finished or undone. */
  public void interrupted(long target, boolean finished) {
    sink.accept(
        new Line(TAG + " update.interrupted")
            .count("version", target)
            .field("decision", finished ? "finish" : "undo")
            .toString());
  }
}

package dev.freshet.fleet;

import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Histogram;
import dev.freshet.metrics.Metric;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.metrics.PartSeries;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.UpdatePart;
import java.util.EnumSet;
import java.util.List;

/**
 * Weight updates as the client measures them, by replica. The replica label is host and port of the
 * server's admin listener, which equals Prometheus' {@code instance} of a scrape there.
 * Thread-safe.
 */
public final class FleetMetrics {
  private static final String REPLICA = "replica";
  private static final String OP = "op";
  private static final String ACKNOWLEDGED = "acknowledged";
  private static final String UPDATE = "update_weights";

  /** The parts that have their own histogram. */
  private static final EnumSet<UpdatePart> OF_WHOLE_UPDATE =
      EnumSet.of(UpdatePart.WALL, UpdatePart.RPC, UpdatePart.QUEUE, UpdatePart.STALL);

  private final Metric<Histogram> walls;
  private final Metric<Histogram> rpcs;
  private final Metric<Histogram> queues;
  private final Metric<Histogram> stalls;
  private final Metric<Histogram> parts;
  private final PartSeries partSeries = new PartSeries(EnumSet.complementOf(OF_WHOLE_UPDATE));
  private final Metric<Counter> updates;
  private final Metric<Counter> transactions;
  private final Metric<Histogram> phases;
  private final Metric<Histogram> slowest;
  private final FleetStateMetrics states;

  public FleetMetrics(MetricsRegistry registry) {
    this.walls =
        duration(registry, "freshet_update_wall_seconds", "client.send to client.done (wall_ms)");
    this.rpcs =
        duration(
            registry,
            "freshet_update_rpc_seconds",
            "rpc.start to rpc.done, as the server reports it (rpc_ms)");
    this.queues =
        duration(
            registry,
            "freshet_update_queue_seconds",
            "All that is not the engine's work: wall less rpc (queue_ms)");
    this.stalls =
        duration(
            registry,
            "freshet_update_stall_seconds",
            "How long decoding was held, as the server reports it (stall_ms)");
    this.parts =
        registry.histogram(
            Role.ORCHESTRATOR,
            "freshet_update_part_seconds",
            "A part of a weight update, the client's and the server's",
            REPLICA,
            OP,
            "part");
    this.updates =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_updates_total",
            "Weight updates that ended: acknowledged, refused or failed",
            REPLICA,
            OP,
            "outcome");
    this.transactions =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_fleet_updates_total",
            "Updates of the fleet that ended: committed, rolled_back or refused",
            "outcome");
    this.phases =
        registry.histogram(
            Role.ORCHESTRATOR,
            "freshet_fleet_phase_seconds",
            "A phase of an update of the fleet on one server",
            REPLICA,
            "phase");
    this.slowest =
        registry.histogram(
            Role.ORCHESTRATOR,
            "freshet_fleet_slowest_phase_seconds",
            "The phase that took the longest of all servers in an update of the fleet",
            "phase");
    for (UpdateResult.Outcome outcome : UpdateResult.Outcome.values()) {
      transactions.of(outcome.wireName());
    }
    this.states = new FleetStateMetrics(registry, this::expect);
  }

  private static Metric<Histogram> duration(MetricsRegistry registry, String name, String help) {
    return registry.histogram(Role.ORCHESTRATOR, name, help, REPLICA, OP);
  }

  /** The states of the servers. */
  public FleetStateMetrics states() {
    return states;
  }

  /** Creates the series that every server has, so that they start at zero. */
  private void expect(String replica) {
    for (Metric<Histogram> metric : List.of(walls, rpcs, queues, stalls)) {
      metric.of(replica, UPDATE);
    }
    for (String outcome : List.of(ACKNOWLEDGED, "refused", "failed")) {
      updates.of(replica, UPDATE, outcome);
    }
  }

  /** An update of the fleet ended. */
  public void updated(UpdateResult update) {
    transactions.of(update.outcome().wireName()).add(1);
    update.blame().ifPresent(blame -> slowest.of(blame.phase().wireName()).millis(blame.ms()));
    for (ReplicaResult result : update.replicas()) {
      String replica = ServerAddress.replica(result.server());
      result.phases().forEach((phase, ms) -> phases.of(replica, phase.wireName()).millis(ms));
      if (result.moved()) {
        acknowledged(replica, result.timings());
      } else if (result.failure().isPresent()) {
        updates.of(replica, UPDATE, result.rejected() ? "refused" : "failed").add(1);
      }
    }
  }

  /** A server serves other weights. */
  public void acknowledged(String replica, AdminTimings timings) {
    String op = timings.op();
    updates.of(replica, op, ACKNOWLEDGED).add(1);
    walls.of(replica, op).millis(timings.wallMs());
    timings.rpcMs().ifPresent(ms -> rpcs.of(replica, op).millis(ms));
    timings.queueMs().ifPresent(ms -> queues.of(replica, op).millis(ms));
    timings.stallMs().ifPresent(ms -> stalls.of(replica, op).millis(ms));
    partSeries.count(timings.parts(), part -> parts.of(replica, op, part));
  }
}

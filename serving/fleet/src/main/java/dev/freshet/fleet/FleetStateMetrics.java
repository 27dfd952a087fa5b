package dev.freshet.fleet;

import dev.freshet.fleet.dialect.EngineLoad;
import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Gauge;
import dev.freshet.metrics.Metric;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** The states of the servers of a fleet, read for every page. Thread-safe. */
public final class FleetStateMetrics {
  private static final String REPLICA = "replica";
  private static final String STATE = "state";

  /** The states in which a server is set aside. */
  private static final List<ReplicaState> ASIDE =
      List.of(ReplicaState.UNKNOWN, ReplicaState.QUARANTINED, ReplicaState.GONE);

  private final Consumer<String> added;
  private final Metric<Gauge> inRotation;
  private final Metric<Gauge> states;
  private final Metric<Gauge> paused;
  private final Metric<Gauge> contested;
  private final Metric<Gauge> behind;
  private final Metric<Gauge> rollouts;
  private final Metric<Gauge> engineRequests;
  private final Metric<Gauge> kvUsage;
  private final Metric<Counter> setAside;
  private final Metric<Counter> catchUps;
  private final Metric<Gauge> held;
  private final Metric<Gauge> quorum;
  private final Metric<Gauge> journal;

  /**
   * @param added takes the label of every server that is added
   */
  FleetStateMetrics(MetricsRegistry registry, Consumer<String> added) {
    this.added = added;
    this.inRotation =
        gauge(registry, "freshet_replica_in_rotation", "1 while a server is in rotation", REPLICA);
    this.states =
        gauge(
            registry,
            "freshet_replica_state",
            "1 for the state that a server is in, 0 for the others",
            REPLICA,
            STATE);
    this.paused =
        gauge(
            registry,
            "freshet_replica_paused",
            "1 while the generation of a server may be paused by an update",
            REPLICA);
    this.contested =
        gauge(
            registry,
            "freshet_replica_contested",
            "1 while another program is known to change the weights of a server too",
            REPLICA);
    this.behind =
        gauge(
            registry,
            "freshet_replica_versions_behind",
            "Version skew: the policy version less the version that a server was last known to"
                + " serve",
            REPLICA);
    this.rollouts =
        gauge(registry, "freshet_replica_rollouts", "Rollouts running on a server now", REPLICA);
    this.engineRequests =
        gauge(
            registry,
            "freshet_replica_engine_requests",
            "Requests of a server's engine, whoever sent them, as it last reported them: running or"
                + " waiting",
            REPLICA,
            STATE);
    this.kvUsage =
        gauge(
            registry,
            "freshet_replica_kv_usage_ratio",
            "Share of the KV cache of a server's engine in use, 0 to 1, as it last reported it",
            REPLICA);
    this.setAside =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_replica_set_aside_total",
            "How often a server left the rotation, by the state it got",
            REPLICA,
            STATE);
    this.catchUps =
        registry.counter(
            Role.ORCHESTRATOR,
            "freshet_replica_catch_ups_total",
            "How often a server was brought to the policy version beside the traffic, at the start"
                + " too",
            REPLICA);
    this.held =
        gauge(
            registry,
            "freshet_fleet_held_rollouts",
            "Rollouts that wait because no server may have one");
    this.quorum =
        gauge(
            registry,
            "freshet_fleet_quorum",
            "Servers that must move or an update is rolled back; 0: all that serve when it begins");
    this.journal =
        gauge(
            registry,
            "freshet_fleet_journal_open",
            "1 while the journal has an update without an end: one that runs, or that left a server"
                + " behind");
  }

  private static Metric<Gauge> gauge(
      MetricsRegistry registry, String name, String help, String... labels) {
    return registry.gauge(Role.ORCHESTRATOR, name, help, labels);
  }

  /** Adds a server. */
  public void replica(String replica, Supplier<ReplicaStatus> now, LongSupplier policyVersion) {
    inRotation.of(replica).read(() -> now.get().state() == ReplicaState.SERVING ? 1 : 0);
    for (ReplicaState state : ReplicaState.values()) {
      states.of(replica, state.wireName()).read(() -> now.get().state() == state ? 1 : 0);
    }
    paused.of(replica).read(() -> now.get().paused() ? 1 : 0);
    contested.of(replica).read(() -> now.get().contested().isPresent() ? 1 : 0);
    behind
        .of(replica)
        .read(() -> Math.max(0, policyVersion.getAsLong() - Math.max(0, now.get().version())));
    rollouts.of(replica).read(() -> now.get().rollouts());
    for (ReplicaState state : ASIDE) {
      setAside
          .of(replica, state.wireName())
          .read(() -> now.get().setAside().getOrDefault(state, 0L));
    }
    catchUps.of(replica).read(() -> now.get().returns());
    added.accept(replica);
  }

  /** Adds what the engine of a server reports; NaN while it reports nothing. */
  void engine(String replica, Supplier<Optional<EngineLoad>> loadNow) {
    engineRequests.of(replica, "running").read(() -> figure(loadNow.get(), EngineLoad::running));
    engineRequests.of(replica, "waiting").read(() -> figure(loadNow.get(), EngineLoad::waiting));
    kvUsage.of(replica).read(() -> figure(loadNow.get(), EngineLoad::kvUsage));
  }

  private static double figure(Optional<EngineLoad> load, ToDoubleFunction<EngineLoad> part) {
    return load.map(part::applyAsDouble).orElse(Double.NaN);
  }

  /** Adds the rollouts that wait. */
  void held(DoubleSupplier now) {
    held.of().read(now);
  }

  /** Adds what there is once for all servers. */
  void fleet(int servers, BooleanSupplier journalOpen) {
    quorum.of().set(servers);
    journal.of().read(() -> journalOpen.getAsBoolean() ? 1 : 0);
  }
}

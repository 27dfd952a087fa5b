package dev.freshet.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.freshet.engine.EngineMetrics;
import dev.freshet.fleet.FleetMetrics;
import dev.freshet.fleet.ReplicaResult;
import dev.freshet.fleet.ReplicaState;
import dev.freshet.fleet.ReplicaStatus;
import dev.freshet.fleet.UpdateResult;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.orchestrator.OrchestratorMetrics;
import dev.freshet.server.InferenceMetrics;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.trainer.TrainerMetrics;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MetricsRegistryTest {
  private final MetricsRegistry registry = new MetricsRegistry();

  private String text() {
    return new String(registry.page("").body(), UTF_8);
  }

  @Test
  void countersAndHistogramsAreThereFromTheStartAndUnknownGaugesAreNot() {
    var _ = InferenceMetrics.in(registry, () -> 0);
    var _ = new OrchestratorMetrics(registry);
    var _ = new TrainerMetrics(registry, () -> 0);

    assertThat(text())
        .contains(
            "freshet_generated_tokens_total 0.0",
            "freshet_decode_step_seconds_count 0",
            "freshet_inter_token_seconds_bucket{le=\"+Inf\"} 0",
            "freshet_checkpoint_write_seconds_sum 0.0",
            "freshet_server_rpc_seconds_count{op=\"update_weights\",phase=\"all\"} 0",
            "freshet_streams_open 0.0",
            "freshet_completions_total{finish_reason=\"gone\"} 0.0",
            "freshet_groups_total{outcome=\"stale\"} 0.0",
            "freshet_engine_time_seconds_total{state=\"idle\"} 0.0")
        .doesNotContain("NaN", "freshet_batch_reward ", "freshet_trainer_loss ");
  }

  @Test
  void aNameIsRegisteredOnce() {
    registry.counter(Role.TRAINER, "freshet_twice_total", "twice");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> registry.counter(Role.TRAINER, "freshet_twice_total", "again"))
        .withMessageContaining("freshet_twice");
  }

  @Test
  void onlyACounterEndsWithTotal() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> registry.gauge(Role.TRAINER, "freshet_x_total", "x"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> registry.counter(Role.TRAINER, "freshet_x", "x"));
  }

  @Test
  void theFormatIsTheOneAskedFor() {
    assertThat(registry.page("").contentType()).startsWith("text/plain; version=0.0.4");
    assertThat(registry.page("*/*").contentType()).startsWith("text/plain; version=0.0.4");
    assertThat(registry.page("application/openmetrics-text; version=1.0.0").contentType())
        .startsWith("application/openmetrics-text");
    assertThat(
            registry
                .page(
                    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
                .contentType())
        .startsWith("application/vnd.google.protobuf");
  }

  @Test
  void anUpdateIsCountedUnderItsReplicaWithAllItsParts() {
    FleetMetrics fleet = new OrchestratorMetrics(registry).fleet();
    fleet.states().replica("h:1", () -> status(ReplicaState.SERVING, 9, 7), () -> 9);
    fleet.states().replica("h:2", () -> status(ReplicaState.QUARANTINED, 6, 0), () -> 9);

    fleet.acknowledged("h:1", timings(Map.of("swap_ms", 1.0, "map_ms", 2.0, "odd_ms", 3.0)));
    fleet.updated(refused("http://h:2"));

    assertThat(text())
        .contains(
            "freshet_update_wall_seconds_sum{op=\"update_weights\",replica=\"h:1\"} 0.012",
            "freshet_update_rpc_seconds_sum{op=\"update_weights\",replica=\"h:1\"} 0.01",
            "freshet_update_queue_seconds_sum{op=\"update_weights\",replica=\"h:1\"} 0.002",
            "freshet_update_queue_seconds_count{op=\"update_weights\",replica=\"h:2\"} 0",
            "freshet_update_part_seconds_sum{op=\"update_weights\",part=\"connect\",replica=\"h:1\"}"
                + " 5.0E-4",
            "part=\"swap\"",
            "part=\"map\"",
            "freshet_updates_total{op=\"update_weights\",outcome=\"acknowledged\",replica=\"h:1\"}"
                + " 1.0",
            "freshet_updates_total{op=\"update_weights\",outcome=\"refused\",replica=\"h:2\"} 1.0",
            "freshet_replica_in_rotation{replica=\"h:1\"} 1.0",
            "freshet_replica_in_rotation{replica=\"h:2\"} 0.0",
            "freshet_replica_state{replica=\"h:2\",state=\"quarantined\"} 1.0",
            "freshet_replica_state{replica=\"h:2\",state=\"serving\"} 0.0",
            "freshet_fleet_updates_total{outcome=\"refused\"} 1.0",
            "freshet_fleet_slowest_phase_seconds_sum{phase=\"prepare\"} 0.005",
            "freshet_replica_rollouts{replica=\"h:1\"} 7.0",
            "freshet_replica_versions_behind{replica=\"h:1\"} 0.0",
            "freshet_replica_versions_behind{replica=\"h:2\"} 3.0",
            "freshet_replica_paused{replica=\"h:2\"} 1.0",
            "freshet_replica_contested{replica=\"h:2\"} 0.0",
            "freshet_replica_set_aside_total{replica=\"h:2\",state=\"quarantined\"} 4.0",
            "freshet_replica_set_aside_total{replica=\"h:2\",state=\"unknown\"} 0.0",
            "freshet_replica_catch_ups_total{replica=\"h:2\"} 2.0",
            "freshet_fleet_updates_total{outcome=\"rolled_back\"} 0.0")
        .contains("part=\"odd\"")
        .doesNotContain("part=\"accept\"");
  }

  @Test
  void partsOfUnknownNamesAreCountedUnderThemAndCannotGrowWithoutBound() {
    FleetMetrics fleet = new OrchestratorMetrics(registry).fleet();
    Map<String, Double> phases = new LinkedHashMap<>();
    for (int i = 0; i < 40; i++) {
      phases.put("odd_%02d_ms".formatted(i), 1.0);
    }
    phases.put("x".repeat(1000) + "_ms", 1.0);

    fleet.acknowledged("h:1", timings(phases));

    assertThat(text())
        .contains("part=\"odd_00\"", "part=\"odd_15\"")
        .contains(
            "freshet_update_part_seconds_count{op=\"update_weights\",part=\"other\",replica=\"h:1\"}"
                + " 25")
        .doesNotContain("odd_16", "xxx");
  }

  private static ReplicaStatus status(ReplicaState state, long version, int rollouts) {
    return new ReplicaStatus(
        "http://h",
        "vllm",
        state,
        version,
        1,
        rollouts,
        state != ReplicaState.SERVING,
        2,
        Map.of(ReplicaState.QUARANTINED, 4L),
        Optional.empty(),
        Optional.empty());
  }

  private static UpdateResult refused(String server) {
    return new UpdateResult(
        8,
        7,
        UpdateResult.Outcome.REFUSED,
        List.of(
            new ReplicaResult(
                URI.create(server),
                "freshet",
                TraceId.random(),
                7,
                false,
                Optional.of("NaN"),
                true,
                Map.of(FleetPhase.PREPARE, 5.0),
                6,
                PartTimes.NONE,
                List.of())),
        6,
        Optional.of("NaN"));
  }

  private static AdminTimings timings(Map<String, Double> phases) {
    return new AdminTimings(
        TraceId.random(),
        "update_weights",
        "http://h:1/update_weights",
        PartTimes.NONE
            .with(UpdatePart.WALL, 12)
            .with(UpdatePart.CONNECT, 0.5)
            .with(UpdatePart.RPC, 10)
            .with(PartTimes.of(phases)));
  }

  @Test
  void theTimesOfTheEnginesStatesSumToTheWallTime() {
    AtomicLong now = new AtomicLong();
    EngineMetrics engine = new EngineMetrics(registry, now::get);
    engine.idle(false);
    now.set(2_000_000_000L);
    engine.idle(false);
    now.set(3_000_000_000L);
    engine.busy();
    now.set(9_000_000_000L);
    engine.busy();
    engine.idle(true);
    now.set(10_000_000_000L);

    assertThat(text())
        .contains(
            "freshet_engine_time_seconds_total{state=\"idle\"} 3.0",
            "freshet_engine_time_seconds_total{state=\"generating\"} 6.0",
            "freshet_engine_time_seconds_total{state=\"paused\"} 1.0",
            "freshet_engine_time_seconds_total{state=\"updating\"} 0.0");
  }

  @Test
  void aPageHasTheMetricsOfTheJvm() {
    MetricsRegistry own = MetricsRegistry.withJvm();
    var _ = InferenceMetrics.in(own, MonotonicClock.SYSTEM);

    assertThat(new String(own.page("").body(), UTF_8))
        .contains("jvm_memory_used_bytes", "process_cpu_seconds_total", "freshet_streams_open");
  }
}

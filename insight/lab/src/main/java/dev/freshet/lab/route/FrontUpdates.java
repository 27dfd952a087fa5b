package dev.freshet.lab.route;

import dev.freshet.client.AdminAnswer;
import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Updates a fleet through its front, one update after the other. */
final class FrontUpdates {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration WITHIN = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(50);

  /** Updates before the measured ones, in which the JIT compiles what they run. */
  private static final int WARM_UP = 40;

  private FrontUpdates() {}

  /**
   * Updates for as long as {@code window}.
   *
   * @param admin the front's admin listener
   * @throws dev.freshet.client.AdminException if an update fails
   */
  static UpdateTimes during(URI admin, Duration window) throws InterruptedException {
    List<UpdateTimes.Update> updates = new ArrayList<>();
    EventLog silent = EventLog.silent(MonotonicClock.SYSTEM);
    try (AdminClient client = new AdminClient(admin, AdminDeadlines.DEFAULT, silent)) {
      long version = 0;
      while (version < WARM_UP) {
        var _ = update(client, ++version);
      }
      long end = System.nanoTime() + window.toNanos();
      while (System.nanoTime() - end < 0) {
        Thread.sleep(PAUSE);
        long start = System.nanoTime();
        AdminAnswer answer = update(client, ++version);
        updates.add(times((answer.answeredNanos() - start) / 1e6, answer));
      }
    }
    return new UpdateTimes(updates);
  }

  private static AdminAnswer update(AdminClient client, long version) {
    UpdateWeightsRequest request =
        UpdateWeightsRequest.of(
            "/synthetic/step_" + version, OptionalLong.of(version), UpdateMode.KEEP);
    return client.post("/update_weights", request.toJson(), TraceId.random(), WITHIN);
  }

  private static UpdateTimes.Update times(double wallMs, AdminAnswer answer) {
    JsonNode body = JSON.readTree(answer.body());
    double slowestMs =
        body.path("replicas")
            .valueStream()
            .map(row -> row.path("rpc_ms"))
            .filter(JsonNode::isNumber)
            .mapToDouble(JsonNode::asDouble)
            .max()
            .orElse(Double.NaN);
    return new UpdateTimes.Update(wallMs, body.path("rpc_ms").asDouble(Double.NaN), slowestMs);
  }
}

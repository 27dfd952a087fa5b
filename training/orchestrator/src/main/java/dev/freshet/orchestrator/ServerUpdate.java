package dev.freshet.orchestrator;

import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.RetriedUpdate;
import dev.freshet.client.UpdateMode;
import dev.freshet.client.UpdateWeightsRequest;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.waits.Waits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;

/** How the weight update of one server ended. */
public sealed interface ServerUpdate {
  /** Which server. */
  ServerAddress server();

  /** The version it was to serve. */
  long step();

  /** The server serves the version. */
  record Acknowledged(ServerAddress server, long step, AdminTimings timings)
      implements ServerUpdate {}

  /** The server says that it cannot take these weights; its old ones serve on. */
  record Refused(ServerAddress server, long step, String why) implements ServerUpdate {}

  /** The server did not acknowledge within the deadline; which weights it serves is unknown. */
  record Failed(ServerAddress server, long step, String why) implements ServerUpdate {}

  /** Has {@code server} serve the checkpoint in {@code dir} as version {@code step}. */
  static ServerUpdate run(
      InferenceServer server,
      Path dir,
      long step,
      TraceId trace,
      Duration within,
      MonotonicClock clock)
      throws InterruptedException {
    UpdateWeightsRequest request =
        UpdateWeightsRequest.of(
            dir.toAbsolutePath().toString(), OptionalLong.of(step), UpdateMode.KEEP);
    try (Waits.Open _ =
        Waits.begin(
            "orchestrator", "the update to version " + step, "inference " + server, within)) {
      AdminResult result = RetriedUpdate.run(server.admin(), request, trace, within, clock);
      return result.weightVersion().equals(Long.toString(step))
          ? new Acknowledged(server.address(), step, result.timings())
          : new Failed(
              server.address(),
              step,
              "%s acknowledged version %s: expected %d"
                  .formatted(server.address().admin(), result.weightVersion(), step));
    } catch (AdminException e) {
      String why = OrchestratorException.reason(e);
      return e.status() >= 400 && e.status() < 500
          ? new Refused(server.address(), step, why)
          : new Failed(server.address(), step, why);
    }
  }
}

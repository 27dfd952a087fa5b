package dev.freshet.lab;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.fleet.Dialect;
import dev.freshet.fleet.ReplicaAdmin;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Full weight updates of one server over its admin lane. Loads the checkpoints in rotation, each as
 * the next policy version, starting from the version that the server serves, or 0 if it does not
 * report one. Used by one thread.
 */
public final class ServerUpdates implements AutoCloseable {
  private static final int WARM_UP_UPDATES = 200;
  private static final Duration MAX_WARM_UP = Duration.ofSeconds(5);

  private final ReplicaAdmin server;
  private final List<String> weightDirs;
  private long version;

  /**
   * @param weightDirs checkpoints of one shape, at least one, as paths on the server; it serves the
   *     first as version 0
   */
  public ServerUpdates(URI admin, Dialect dialect, List<String> weightDirs) {
    this.server =
        new ReplicaAdmin(
            admin,
            dialect,
            AdminDeadlines.DEFAULT,
            Optional.empty(),
            EventLog.silent(MonotonicClock.SYSTEM));
    this.weightDirs = List.copyOf(weightDirs);
    this.version = server.servingVersion().orElse(0);
  }

  /** The admin client, for other calls to the server. */
  public AdminClient client() {
    return server.client();
  }

  /** The checkpoint that the next update loads. */
  public String next() {
    return weightDirs.get((int) ((version + 1) % weightDirs.size()));
  }

  /**
   * Updates {@value #WARM_UP_UPDATES} times or for five seconds, so that the JIT compiles both
   * ends.
   */
  public void warmUp() {
    long start = System.nanoTime();
    for (int i = 0; i < WARM_UP_UPDATES && System.nanoTime() - start < MAX_WARM_UP.toNanos(); i++) {
      var _ = update(i % 2 == 0 ? VerifyLevel.FULL : VerifyLevel.SIZE);
    }
  }

  /**
   * Updates once.
   *
   * @throws dev.freshet.client.AdminException if the update failed; the next one has the same
   *     version
   */
  public AdminTimings update(VerifyLevel verify) {
    UpdateWeightsRequest request =
        new UpdateWeightsRequest(
            Optional.of(next()),
            OptionalLong.of(version + 1),
            UpdateMode.KEEP,
            UpdatePhase.ALL,
            verify,
            false);
    AdminTimings timings = server.update(request, TraceId.random()).timings();
    version++;
    return timings;
  }

  @Override
  public void close() {
    server.close();
  }
}

package dev.freshet.lab;

import dev.freshet.client.AdminClient;
import dev.freshet.fleet.OneServer;
import dev.freshet.fleet.dialect.Dialect;
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
import java.util.LinkedHashSet;
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
  private static final Duration WITHIN = Duration.ofMinutes(12);
  private static final Duration MAX_WARM_UP = Duration.ofSeconds(5);

  private final OneServer server;
  private final List<String> weightDirs;
  private long version;

  /**
   * @param weightDirs checkpoints of one shape, at least one, as paths on the server; it serves the
   *     first as version 0
   */
  public ServerUpdates(URI admin, Dialect dialect, List<String> weightDirs) {
    this.server =
        new OneServer(
            admin, dialect, WITHIN, Optional.empty(), EventLog.silent(MonotonicClock.SYSTEM));
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
   * Inspects the checkpoints if the program does not, then updates {@value #WARM_UP_UPDATES} times
   * or for five seconds, so that the JIT compiles both ends.
   *
   * @throws dev.freshet.fleet.FleetException if the program would fail to load a checkpoint
   */
  public void warmUp() {
    for (String dir : new LinkedHashSet<>(weightDirs)) {
      var _ = server.inspect(request(dir, version + 1, VerifyLevel.FULL));
    }
    long start = System.nanoTime();
    for (int i = 0; i < WARM_UP_UPDATES && System.nanoTime() - start < MAX_WARM_UP.toNanos(); i++) {
      var _ = update(i % 2 == 0 ? VerifyLevel.FULL : VerifyLevel.SIZE);
    }
  }

  /**
   * Updates once.
   *
   * @throws dev.freshet.client.AdminException if a call failed; the next update has the same
   *     version
   * @throws dev.freshet.fleet.FleetException if the server does not serve the version after all
   */
  public AdminTimings update(VerifyLevel verify) {
    AdminTimings timings =
        server.update(request(next(), version + 1, verify), TraceId.random(), WITHIN).timings();
    version++;
    return timings;
  }

  private static UpdateWeightsRequest request(String dir, long version, VerifyLevel verify) {
    return new UpdateWeightsRequest(
        Optional.of(dir),
        OptionalLong.of(version),
        UpdateMode.KEEP,
        UpdatePhase.ALL,
        verify,
        false);
  }

  @Override
  public void close() {
    server.close();
  }
}

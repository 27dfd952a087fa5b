package dev.freshet.lab;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.UpdateMode;
import dev.freshet.client.UpdatePhase;
import dev.freshet.client.UpdateWeightsRequest;
import dev.freshet.client.VerifyLevel;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Full updates of one server, which bring two checkpoints in turn, each as the next policy version.
 */
final class SwapUpdates implements AutoCloseable {
  private static final int WARM_UP_CALLS = 3000;
  private static final int WARM_UP_UPDATES = 500;
  private static final Duration WARM_UP_CALLING = Duration.ofSeconds(20);
  private static final Duration WARM_UP_UPDATING = Duration.ofSeconds(5);

  /** An update that was acknowledged, and when. */
  record Update(TokenTimeline.Span span, AdminTimings timings) {}

  private final AdminClient client;
  private final List<Path> checkpoints;
  private long version;

  /**
   * @param version what the server serves now: the first of the checkpoints
   */
  SwapUpdates(URI admin, List<Path> checkpoints, long version) {
    this.client =
        new AdminClient(
            admin, AdminDeadlines.DEFAULT, new EventLog(_ -> {}, MonotonicClock.SYSTEM));
    this.checkpoints = List.copyOf(checkpoints);
    this.version = version;
  }

  /** The lane, for what else is asked of the server. */
  AdminClient client() {
    return client;
  }

  /** The checkpoint that the next update brings. */
  Path next() {
    return checkpoints.get((int) ((version + 1) % checkpoints.size()));
  }

  /** Updates until the code of both ends is compiled, as far as that comes in a few seconds. */
  void warmUp() {
    client.warmUp(WARM_UP_CALLS, WARM_UP_CALLING);
    long start = System.nanoTime();
    for (int i = 0;
        i < WARM_UP_UPDATES && System.nanoTime() - start < WARM_UP_UPDATING.toNanos();
        i++) {
      var _ = update(i % 2 == 0 ? VerifyLevel.FULL : VerifyLevel.SIZE);
    }
  }

  /** Updates {@code count} times, the next {@code pause} after the one before has been answered. */
  List<Update> run(int count, VerifyLevel verify, Duration pause) throws InterruptedException {
    List<Update> updates = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      if (i > 0) {
        Thread.sleep(pause);
      }
      updates.add(update(verify));
    }
    return updates;
  }

  private Update update(VerifyLevel verify) {
    UpdateWeightsRequest request =
        new UpdateWeightsRequest(
            Optional.of(next().toAbsolutePath().toString()),
            OptionalLong.of(version + 1),
            UpdateMode.KEEP,
            UpdatePhase.ALL,
            verify,
            false);
    long start = System.nanoTime();
    AdminTimings timings = client.updateWeights(request, TraceId.random()).timings();
    version++;
    return new Update(new TokenTimeline.Span(start, System.nanoTime()), timings);
  }

  @Override
  public void close() {
    client.close();
  }
}

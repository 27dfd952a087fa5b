package dev.freshet.lab;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.UpdateMode;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Posts weight updates to a server's admin listener at an even pace and keeps their timings. What
 * the updates say serves a synthetic engine alone: a rising step, and a directory that nobody looks
 * at.
 */
final class UpdateProbe implements AutoCloseable {
  private static final Duration EVERY = Duration.ofMillis(100);
  private static final int WARM_UP_CALLS = 200;
  private static final String NO_DIRECTORY = "none";

  /**
   * How the updates of a stretch of time went, in milliseconds.
   *
   * @param failure what the first of the failed ones failed with
   */
  record Timings(
      Distribution queueMs,
      Distribution rpcMs,
      Distribution wallMs,
      int failed,
      Optional<String> failure) {}

  private final AdminClient client;
  private long step;

  UpdateProbe(URI admin) {
    this.client =
        new AdminClient(
            admin, AdminDeadlines.DEFAULT, new EventLog(_ -> {}, MonotonicClock.SYSTEM));
  }

  /**
   * Goes on from the version that the server has. Makes calls so that those measured do not find
   * the lane's code uncompiled.
   */
  void warmUp(Duration most) {
    client.warmUp(WARM_UP_CALLS, most);
    step = Long.parseLong(client.weightInfo().weightVersion());
    for (int call = 0; call < WARM_UP_CALLS / 4; call++) {
      var _ = update();
    }
  }

  /** Posts updates for as long as {@code window}. */
  Timings run(Duration window) throws InterruptedException {
    List<Double> queue = new ArrayList<>();
    List<Double> rpc = new ArrayList<>();
    List<Double> wall = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    long start = System.nanoTime();
    long due = start;
    while (due - start < window.toNanos()) {
      try {
        AdminResult result = update();
        wall.add(result.timings().wallMs());
        result.timings().queueMs().ifPresent(queue::add);
        result.timings().rpcMs().ifPresent(rpc::add);
      } catch (AdminException e) {
        failures.add(String.valueOf(e.getMessage()));
      }
      due = Math.max(due + EVERY.toNanos(), System.nanoTime());
      Thread.sleep(Duration.ofNanos(Math.max(0, due - System.nanoTime())));
    }
    return new Timings(
        Distribution.of(queue),
        Distribution.of(rpc),
        Distribution.of(wall),
        failures.size(),
        failures.stream().findFirst());
  }

  private AdminResult update() {
    return client.updateWeights(NO_DIRECTORY, ++step, UpdateMode.KEEP, TraceId.random());
  }

  @Override
  public void close() {
    client.close();
  }
}

package dev.freshet.lab.lanes;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.UpdateMode;
import dev.freshet.lab.LabException;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Weight updates of one server at a pace, by either {@link Lane}. Each brings the next of the
 * target's checkpoints as the next policy version; one that fails is a sample too.
 *
 * <p>By the shared lane a call first waits for its turn in the streams' pool, has the lease until
 * its answer is whole, and is made by the same admin client: what differs is the wait alone.
 */
final class LaneUpdates implements AutoCloseable {
  private static final int WARM_UP_CALLS = 200;
  private static final int WARM_UP_UPDATES = 50;
  private static final Duration WARM_UP_CALLING = Duration.ofSeconds(10);
  private static final Duration WARM_UP_UPDATING = Duration.ofSeconds(5);
  private static final Duration TURN = AdminDeadlines.DEFAULT.update();

  private final AdminClient client;
  private final List<String> weightDirs;
  private long version;

  /** Begins at the version that the server serves; at 0 if it does not tell. */
  LaneUpdates(LaneTarget target) {
    this.client =
        new AdminClient(
            target.admin(),
            AdminDeadlines.DEFAULT,
            new EventLog(_ -> {}, MonotonicClock.SYSTEM),
            Optional.empty(),
            target.kind());
    this.weightDirs = List.copyOf(target.weightDirs());
    this.version = client.servingVersion().orElse(0);
  }

  /** Updates by the dedicated lane until the code of both ends is compiled, for some seconds. */
  void warmUp() {
    client.warmUp(WARM_UP_CALLS, WARM_UP_CALLING);
    long start = System.nanoTime();
    for (int i = 0;
        i < WARM_UP_UPDATES && System.nanoTime() - start < WARM_UP_UPDATING.toNanos();
        i++) {
      var _ = update();
    }
  }

  /** Updates {@code count} times. */
  List<UpdateSample> run(Lane lane, FairPool pool, int count, Pace pace)
      throws InterruptedException {
    List<UpdateSample> samples = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      long due = pace.await();
      samples.add(
          switch (lane) {
            case DEDICATED -> sample(due);
            case SHARED -> inTurn(pool, due);
          });
    }
    return samples;
  }

  private UpdateSample inTurn(FairPool pool, long due) throws InterruptedException {
    CompletableFuture<FairPool.Lease> turn = pool.ask();
    try (FairPool.Lease _ = turn.get(TURN.toSeconds(), TimeUnit.SECONDS)) {
      return sample(due);
    } catch (TimeoutException e) {
      if (!turn.cancel(false)) {
        turn.join().close();
      }
      return failed(due, "no connection within " + TURN.toSeconds() + " s");
    } catch (ExecutionException e) {
      throw new LabException("the pool failed: " + e.getCause(), e);
    } catch (InterruptedException e) {
      if (!turn.cancel(false)) {
        turn.join().close();
      }
      throw e;
    }
  }

  private UpdateSample sample(long due) throws InterruptedException {
    long sent = System.nanoTime();
    try {
      AdminTimings timings = update();
      return new UpdateSample(
          due,
          Pace.wallMs(due, sent, timings.wallMs()),
          timings.rpcMs(),
          timings.stallMs(),
          Optional.empty());
    } catch (AdminException e) {
      if (e.code().equals("interrupted")) {
        throw new InterruptedException(e.getMessage());
      }
      return failed(due, String.valueOf(e.getMessage()));
    }
  }

  private static UpdateSample failed(long due, String error) {
    return new UpdateSample(
        due,
        (System.nanoTime() - due) / 1e6,
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        Optional.of(error));
  }

  private AdminTimings update() {
    long next = version + 1;
    String dir = weightDirs.get((int) (next % weightDirs.size()));
    AdminTimings timings =
        client.updateWeights(dir, next, UpdateMode.KEEP, TraceId.random()).timings();
    version = next;
    return timings;
  }

  @Override
  public void close() {
    client.close();
  }
}

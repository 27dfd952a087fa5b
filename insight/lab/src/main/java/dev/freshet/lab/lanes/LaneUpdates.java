package dev.freshet.lab.lanes;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.fleet.FleetException;
import dev.freshet.lab.LabException;
import dev.freshet.lab.ServerUpdates;
import dev.freshet.lab.load.FairPool;
import dev.freshet.trace.AdminTimings;
import dev.freshet.wire.VerifyLevel;
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
 * Weight updates of one server at a pace, over a {@link Lane}. Each loads the next of the target's
 * checkpoints as the next policy version; a failed update is a sample too.
 *
 * <p>Over the shared lane a call first waits for its turn in the streams' pool and holds the lease
 * until its response is complete. Both lanes use the same admin client: they differ only in the
 * wait.
 */
public final class LaneUpdates implements AutoCloseable {
  private static final Duration TURN = AdminDeadlines.DEFAULT.update();

  private final ServerUpdates server;

  /** Opens the admin client of the target's server. */
  public LaneUpdates(LaneTarget target) {
    this.server = new ServerUpdates(target.admin(), target.dialect(), target.weightDirs());
  }

  /** Updates over the dedicated lane for a few seconds, so that the JIT compiles both ends. */
  public void warmUp() {
    server.warmUp();
  }

  /** Updates {@code count} times over the dedicated lane, one due every {@code every}. */
  public List<UpdateSample> dedicated(int count, Duration every) throws InterruptedException {
    return run(Lane.DEDICATED, new FairPool(1), count, Pace.start(every));
  }

  /** Updates {@code count} times over {@code lane}. */
  List<UpdateSample> run(Lane lane, FairPool pool, int count, Pace pace)
      throws InterruptedException {
    List<UpdateSample> samples = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      long due = pace.await();
      samples.add(
          switch (lane) {
            case DEDICATED -> sample(due, pace);
            case SHARED -> inTurn(pool, due, pace);
          });
    }
    return samples;
  }

  private UpdateSample inTurn(FairPool pool, long due, Pace pace) throws InterruptedException {
    CompletableFuture<FairPool.Lease> turn = pool.request();
    try (FairPool.Lease _ = turn.get(TURN.toSeconds(), TimeUnit.SECONDS)) {
      return sample(due, pace);
    } catch (TimeoutException e) {
      if (!turn.cancel(false)) {
        turn.join().close();
      }
      return failed(
          due,
          pace,
          "no connection of the streams' pool became free within " + TURN.toSeconds() + " s");
    } catch (ExecutionException e) {
      throw new LabException(
          "waiting for a connection of the streams' pool failed: " + e.getCause(), e);
    } catch (InterruptedException e) {
      if (!turn.cancel(false)) {
        turn.join().close();
      }
      throw e;
    }
  }

  private UpdateSample sample(long due, Pace pace) throws InterruptedException {
    long sent = pace.nanos();
    try {
      AdminTimings timings = server.update(VerifyLevel.FULL);
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
      return failed(due, pace, String.valueOf(e.getMessage()));
    } catch (FleetException e) {
      return failed(due, pace, String.valueOf(e.getMessage()));
    }
  }

  private static UpdateSample failed(long due, Pace pace, String error) {
    return new UpdateSample(
        due,
        (pace.nanos() - due) / 1e6,
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        Optional.of(error));
  }

  @Override
  public void close() {
    server.close();
  }
}

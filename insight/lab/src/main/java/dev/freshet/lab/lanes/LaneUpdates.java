package dev.freshet.lab.lanes;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.lab.ServerUpdates;
import dev.freshet.lab.load.FairPool;
import dev.freshet.plots.LabException;
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
 * Weight updates of one server at a pace, by either {@link Lane}. Each brings the next of the
 * target's checkpoints as the next policy version; one that fails is a sample too.
 *
 * <p>By the shared lane a call first waits for its turn in the streams' pool, has the lease until
 * its answer is whole, and is made by the same admin client: what differs is the wait alone.
 */
public final class LaneUpdates implements AutoCloseable {
  private static final Duration TURN = AdminDeadlines.DEFAULT.update();

  private final ServerUpdates server;

  /** Of the target's server. */
  public LaneUpdates(LaneTarget target) {
    this.server = new ServerUpdates(target.admin(), target.dialect(), target.weightDirs());
  }

  /** Updates by the dedicated lane until the code of both ends is compiled, for some seconds. */
  public void warmUp() {
    server.warmUp();
  }

  /** Updates {@code count} times by the dedicated lane, one due every {@code every}. */
  public List<UpdateSample> dedicated(int count, Duration every) throws InterruptedException {
    return run(Lane.DEDICATED, new FairPool(1), count, Pace.start(every));
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

  @Override
  public void close() {
    server.close();
  }
}

package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Updates the weights of several servers at once, each over its own admin lane and on its own
 * platform thread: a virtual thread would share its carrier with rollouts. Owns the threads. An
 * update that still runs when {@link #run} throws is interrupted.
 */
final class ParallelUpdate implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ParallelUpdate.class);
  private static final long CLOSE_MILLIS = 5000;

  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().name("freshet-update-", 0).daemon().factory());

  /**
   * Updates every server and waits for all of them. An interrupt of the caller interrupts the
   * updates.
   *
   * @param traces one for each server, in the same order
   * @param within the deadline of each server's update, retries included
   * @return how each update ended, in the order of the servers
   */
  List<ServerUpdate> run(
      List<ReplicaAdmin> servers,
      UpdateWeightsRequest request,
      List<TraceId> traces,
      Duration within)
      throws InterruptedException {
    List<Future<ServerUpdate>> running = new ArrayList<>();
    for (int i = 0; i < servers.size(); i++) {
      ReplicaAdmin server = servers.get(i);
      TraceId trace = traces.get(i);
      running.add(threads.submit(() -> update(server, request, trace, within)));
    }
    List<ServerUpdate> ended = new ArrayList<>();
    try {
      for (Future<ServerUpdate> update : running) {
        ended.add(update.get());
      }
    } catch (ExecutionException e) {
      throw new FleetException(
          "weight update: " + OneLine.of(Objects.requireNonNull(e.getCause())), e);
    } finally {
      running.forEach(update -> update.cancel(true));
    }
    return ended;
  }

  private static ServerUpdate update(
      ReplicaAdmin server, UpdateWeightsRequest request, TraceId trace, Duration within)
      throws InterruptedException {
    URI url = server.server();
    try (Waits.Open _ =
        Waits.begin("orchestrator", "the update" + version(request), "inference " + url, within)) {
      AdminResult result = server.update(request, trace, within);
      return serves(request, result)
          ? new ServerUpdate.Acknowledged(url, result)
          : new ServerUpdate.Failed(
              url,
              "%s acknowledged version %s, expected %d"
                  .formatted(url, result.weightVersion(), request.step().getAsLong()));
    } catch (AdminException e) {
      String why = OneLine.of(e);
      return e.status() >= 400 && e.status() < 500
          ? new ServerUpdate.Refused(url, why)
          : new ServerUpdate.Failed(url, why);
    }
  }

  private static String version(UpdateWeightsRequest request) {
    return request.step().isPresent() ? " to version " + request.step().getAsLong() : "";
  }

  /** Whether the server serves the requested version, if the request names one and commits it. */
  private static boolean serves(UpdateWeightsRequest request, AdminResult result) {
    boolean swaps = request.phase() == UpdatePhase.ALL || request.phase() == UpdatePhase.COMMIT;
    return !swaps
        || request.step().isEmpty()
        || result.weightVersion().equals(Long.toString(request.step().getAsLong()));
  }

  /** Interrupts running updates and waits a few seconds for their threads. */
  @Override
  public void close() {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
        LOG.warn("weight updates were interrupted and still run after {} ms", CLOSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

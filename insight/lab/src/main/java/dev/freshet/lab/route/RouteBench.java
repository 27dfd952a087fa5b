package dev.freshet.lab.route;

import dev.freshet.client.AdminException;
import dev.freshet.lab.LabException;
import dev.freshet.lab.ProcessFigures;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Measures fronts one after the other under the same streams over the same replicas. Clients,
 * replicas and front share the machine. Each front, and the streams without one, is measured once
 * it keeps up with the streams: after its start it may be behind, and then catches up.
 *
 * @param rate events a second of each stream
 * @param replicas how many replicas are behind a front
 * @param warmUp how long to wait at least before measuring
 * @param settle how long to wait at most, after the warm-up, until the streams are kept up with
 * @param window how long to measure
 */
public record RouteBench(
    double rate, int replicas, Duration warmUp, Duration settle, Duration window) {
  /** How long streams are watched to see whether they are kept up with. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** Looks in a row at which they must be. */
  private static final int LOOKS = 2;

  /**
   * A window after the streams have settled.
   *
   * @param settledS seconds from the first event of the last stream until they had; NaN if they had
   *     not within the time
   * @param keptUp whether they were kept up with in the window too
   */
  private record Settled(StampedLoad.Window window, double settledS, boolean keptUp) {}

  /**
   * Measures without a front and with each one. That a front does not start or cannot keep the
   * streams up is a finding, not a failure.
   *
   * @param dir the directory for the fronts' files
   * @param done gets each front's figures, the direct ones first
   * @param unmeasured gets the name of a front without figures, and the reason
   */
  public void measure(
      List<FrontUnderTest> fronts,
      int streams,
      Path dir,
      Consumer<RouteFigures> done,
      BiConsumer<String, String> unmeasured)
      throws IOException, InterruptedException {
    try (StampedFleet fleet = new StampedFleet(replicas, rate)) {
      done.accept(direct(fleet.replicas(), streams));
      for (FrontUnderTest front : fronts) {
        try (FrontUnderTest.Running running = front.start(dir, fleet.addresses(), streams)) {
          done.accept(through(front.name(), running, fleet.replicas(), streams));
        } catch (LabException | AdminException | IllegalStateException e) {
          unmeasured.accept(front.name(), String.valueOf(e.getMessage()));
        }
      }
    }
  }

  /**
   * Measures updates of all replicas through {@code front}, beside streams.
   *
   * @param dir the directory for the front's files
   * @throws LabException if the streams or the front do not begin
   */
  public UpdateTimes updates(FrontUnderTest front, int streams, Path dir)
      throws IOException, InterruptedException {
    try (StampedFleet fleet = new StampedFleet(replicas, rate);
        FrontUnderTest.Running running = front.start(dir, fleet.addresses(), streams);
        StampedLoad load = new StampedLoad(List.of(running.url()), streams)) {
      load.awaitBegun();
      Thread.sleep(warmUp);
      var _ = settles(load, new Pace(fleet.replicas(), streams));
      return FrontUpdates.during(running.admin().orElseThrow(), window);
    }
  }

  private RouteFigures direct(List<StampedReplica> servers, int streams)
      throws InterruptedException {
    List<URI> urls = servers.stream().map(StampedReplica::url).toList();
    try (StampedLoad load = new StampedLoad(urls, streams)) {
      Settled measured = window(load, servers, streams, () -> {});
      return figures(
          "direct",
          streams,
          measured,
          Double.NaN,
          Double.NaN,
          Double.NaN,
          UpdateTimes.NONE,
          load.failed());
    }
  }

  private Settled window(
      StampedLoad load, List<StampedReplica> servers, int streams, Runnable begin)
      throws InterruptedException {
    load.awaitBegun();
    long begun = System.nanoTime();
    Thread.sleep(warmUp);
    Pace pace = new Pace(servers, streams);
    boolean settled = settles(load, pace);
    double settledS = settled ? (System.nanoTime() - begun) / 1e9 : Double.NaN;
    begin.run();
    var _ = load.next();
    pace.restart();
    Thread.sleep(window);
    StampedLoad.Window measured = load.next();
    boolean keptUp = pace.keptUp(measured.latencies().count());
    return new Settled(measured, settledS, settled && keptUp);
  }

  /** Waits until the streams are kept up with; false if they are not in time. */
  private boolean settles(StampedLoad load, Pace pace) throws InterruptedException {
    long end = System.nanoTime() + settle.toNanos();
    int inARow = 0;
    var _ = load.next();
    pace.restart();
    while (inARow < LOOKS && System.nanoTime() - end < 0) {
      Thread.sleep(LOOK);
      inARow = pace.keptUp(load.next().latencies().count()) ? inARow + 1 : 0;
    }
    return inARow == LOOKS;
  }

  private RouteFigures through(
      String name, FrontUnderTest.Running front, List<StampedReplica> servers, int streams)
      throws IOException, InterruptedException {
    List<ProcessFigures> before = new ArrayList<>();
    Settled measured;
    ProcessFigures after;
    UpdateTimes updates;
    int failed;
    try (StampedLoad load = new StampedLoad(List.of(front.url()), streams)) {
      measured =
          window(load, servers, streams, () -> before.add(ProcessFigures.of(front.process())));
      after = ProcessFigures.of(front.process());
      updates =
          front.admin().isPresent()
              ? FrontUpdates.during(front.admin().get(), window)
              : UpdateTimes.NONE;
      failed = load.failed();
    }
    double cpu = after.cpuSeconds() - before.getFirst().cpuSeconds();
    return figures(
        name,
        streams,
        measured,
        cpu / measured.window().latencies().count() * 1e6,
        after.residentMb(),
        SilentClients.longestMs(front.url(), servers),
        updates,
        failed);
  }

  private static RouteFigures figures(
      String name,
      int streams,
      Settled measured,
      double cpuPerMillion,
      double residentMb,
      double cancelMs,
      UpdateTimes updates,
      int failed) {
    Latencies ages = measured.window().latencies();
    return new RouteFigures(
        name,
        streams,
        measured.settledS(),
        measured.keptUp(),
        ages.count() / measured.window().seconds(),
        cpuPerMillion,
        residentMb,
        ages.percentileMs(50),
        ages.percentileMs(99),
        cancelMs,
        updates,
        failed);
  }
}

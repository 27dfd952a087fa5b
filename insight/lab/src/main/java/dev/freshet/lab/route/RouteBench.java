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
 * replicas and front share the machine.
 *
 * @param rate events a second of each stream
 * @param replicas how many replicas are behind a front
 * @param window how long to measure, after the warm-up
 */
public record RouteBench(double rate, int replicas, Duration warmUp, Duration window) {
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
      done.accept(direct(fleet.replicas().stream().map(StampedReplica::url).toList(), streams));
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
      return FrontUpdates.during(running.admin().orElseThrow(), window);
    }
  }

  private RouteFigures direct(List<URI> urls, int streams) throws InterruptedException {
    try (StampedLoad load = new StampedLoad(urls, streams)) {
      StampedLoad.Window measured = window(load, () -> {});
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

  private StampedLoad.Window window(StampedLoad load, Runnable begin) throws InterruptedException {
    load.awaitBegun();
    Thread.sleep(warmUp);
    begin.run();
    var _ = load.next();
    Thread.sleep(window);
    return load.next();
  }

  private RouteFigures through(
      String name, FrontUnderTest.Running front, List<StampedReplica> servers, int streams)
      throws IOException, InterruptedException {
    List<ProcessFigures> before = new ArrayList<>();
    StampedLoad.Window measured;
    ProcessFigures after;
    UpdateTimes updates;
    int failed;
    try (StampedLoad load = new StampedLoad(List.of(front.url()), streams)) {
      measured = window(load, () -> before.add(ProcessFigures.of(front.process())));
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
        cpu / measured.latencies().count() * 1e6,
        after.residentMb(),
        SilentClients.longestMs(front.url(), servers),
        updates,
        failed);
  }

  private static RouteFigures figures(
      String name,
      int streams,
      StampedLoad.Window measured,
      double cpuPerMillion,
      double residentMb,
      double cancelMs,
      UpdateTimes updates,
      int failed) {
    return new RouteFigures(
        name,
        streams,
        measured.latencies().count() / measured.seconds(),
        cpuPerMillion,
        residentMb,
        measured.latencies().percentileMs(50),
        measured.latencies().percentileMs(99),
        cancelMs,
        updates,
        failed);
  }
}

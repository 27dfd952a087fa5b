package dev.freshet.lab.front;

import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.lab.ProcessFigures;
import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.lanes.LaneStretch;
import dev.freshet.lab.lanes.LaneTarget;
import dev.freshet.lab.lanes.LaneUpdates;
import dev.freshet.lab.lanes.StreamFigures;
import dev.freshet.lab.lanes.UpdateSample;
import dev.freshet.lab.load.StreamLoad;
import dev.freshet.lab.load.StreamRoute;
import java.net.URI;
import java.time.Duration;
import java.util.List;

/**
 * Measures the HTTP front of a server under many streams: their cost and how long concurrent weight
 * updates wait. The server generates tokens at a fixed rate, so that the front is what is measured.
 *
 * @param rate tokens a second of each stream
 * @param window how long to measure, after a warm-up
 */
public record FrontBench(double rate, Duration window) {
  private static final Duration WARM_UP = Duration.ofSeconds(5);
  private static final Duration ADMIN_WARM_UP = Duration.ofSeconds(20);
  private static final Duration EVERY = Duration.ofMillis(100);

  /** A synthetic engine accepts any directory and does not read it. */
  private static final String NO_DIRECTORY = "none";

  private static final int SLACK_TOKENS = 1000;

  /**
   * A server, or a proxy in front of it.
   *
   * @param data URL of the streams
   * @param admin the server's own admin listener
   * @param process the measured process, with its children: the server or the proxy
   */
  public record Target(URI data, URI admin, ProcessHandle process) {
    private LaneTarget lane() {
      return new LaneTarget("front", Dialects.FRESHET, data, admin, List.of(NO_DIRECTORY));
    }
  }

  /** Measures with {@code streams} streams of a route. */
  public FrontFigures measure(Target target, StreamRoute route, int streams)
      throws InterruptedException {
    Duration whole = StreamLoad.BEGIN_DEADLINE.plus(WARM_UP).plus(ADMIN_WARM_UP).plus(window);
    int maxTokens = (int) (whole.toSeconds() * rate) + SLACK_TOKENS;
    int count = (int) Math.max(1, window.dividedBy(EVERY));
    try (LaneUpdates updates = new LaneUpdates(target.lane());
        StreamLoad load = StreamLoad.steady(target.data(), route, streams, maxTokens)) {
      load.awaitBegun(streams);
      updates.warmUp();
      Thread.sleep(WARM_UP);

      ProcessFigures before = ProcessFigures.of(target.process());
      StreamLoad.Counts first = load.counts();
      List<UpdateSample> samples = updates.dedicated(count, EVERY);
      StreamLoad.Counts last = load.counts();
      ProcessFigures after = ProcessFigures.of(target.process());

      long events = last.events() - first.events();
      LaneStretch stretch =
          new LaneStretch(
              Lane.DEDICATED,
              streams,
              true,
              samples,
              StreamFigures.of(samples, load.timeline(), last),
              load.timeline());
      return new FrontFigures(
          route,
          streams,
          events * 1e9 / (last.nanos() - first.nanos()),
          (double) (last.bytes() - first.bytes()) / events,
          (after.cpuSeconds() - before.cpuSeconds()) / events * 1e6,
          after.residentMb(),
          after.peakMb(),
          stretch.queueMs(),
          stretch.rpcMs(),
          stretch.wallMs(),
          stretch.errors(),
          stretch.firstError());
    }
  }
}

package dev.freshet.lab.lanes;

import dev.freshet.lab.load.FairPool;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.lab.load.LoadTimeline;
import dev.freshet.lab.load.StreamLoad;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Reproduces the bottleneck: weight updates of a server, first idle, then under streams, over the
 * given lanes. Every lane gets the same updates under the same load, one lane after the other.
 *
 * @param streams numbers of streams, measured one after the other
 * @param load what each stream does
 * @param lanes in the order measured
 * @param updates number of updates over each lane, idle and under each load
 * @param every between the due times of two updates
 * @param warmUp how long streams run before the first update, after all have begun
 */
public record LaneBench(
    List<Integer> streams,
    LoadShape load,
    List<Lane> lanes,
    int updates,
    Duration every,
    Duration warmUp) {
  /** How long streams run after the last update, so that there is an "after" to measure. */
  static final Duration QUIET = Duration.ofMillis(2200);

  /** Maximum time between idle updates, after which there is nothing to recover. */
  private static final Duration IDLE_EVERY = Duration.ofMillis(500);

  public LaneBench {
    streams = List.copyOf(streams);
    lanes = List.copyOf(lanes);
  }

  /** Receives each stretch as soon as it has been measured. */
  public interface Progress {
    void measured(LaneStretch stretch);
  }

  /** Measures. */
  public LaneFigures measure(LaneTarget target, Progress progress) throws InterruptedException {
    List<LaneStretch> idle = new ArrayList<>();
    List<LaneFigures.Run> runs = new ArrayList<>();
    try (LaneUpdates server = new LaneUpdates(target)) {
      server.warmUp();
      for (Lane lane : lanes) {
        idle.add(
            withoutStreams(
                server, lane, false, every.compareTo(IDLE_EVERY) < 0 ? every : IDLE_EVERY));
        progress.measured(idle.getLast());
      }
      for (int count : streams) {
        List<LaneStretch> loaded = new ArrayList<>();
        for (Lane lane : lanes) {
          loaded.add(
              count == 0
                  ? withoutStreams(server, lane, true, every)
                  : underStreams(server, target, lane, count));
          progress.measured(loaded.getLast());
        }
        runs.add(new LaneFigures.Run(count, loaded));
      }
    }
    return new LaneFigures(target.name(), this, idle, runs);
  }

  private LaneStretch withoutStreams(LaneUpdates server, Lane lane, boolean loaded, Duration pace)
      throws InterruptedException {
    List<UpdateSample> samples = server.run(lane, new FairPool(1), updates, Pace.start(pace));
    return new LaneStretch(lane, 0, loaded, samples, StreamFigures.NONE, new LoadTimeline());
  }

  private LaneStretch underStreams(LaneUpdates server, LaneTarget target, Lane lane, int count)
      throws InterruptedException {
    int connections = load.pool().orElse(count);
    FairPool pool = new FairPool(connections);
    try (StreamLoad streaming = new StreamLoad(target.data(), count, load, pool)) {
      if (load.arrivalPerS().isEmpty()) {
        streaming.awaitBegun(Math.min(count, connections));
      }
      server.warmUp();
      Thread.sleep(warmUp);
      List<UpdateSample> samples = server.run(lane, pool, updates, Pace.start(every));
      Thread.sleep(QUIET);
      return new LaneStretch(
          lane,
          count,
          true,
          samples,
          StreamFigures.of(samples, streaming.timeline(), streaming.counts()),
          streaming.timeline());
    }
  }
}

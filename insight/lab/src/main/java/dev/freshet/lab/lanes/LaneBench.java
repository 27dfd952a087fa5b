package dev.freshet.lab.lanes;

import dev.freshet.lab.load.FairPool;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.lab.load.LoadTimeline;
import dev.freshet.lab.load.StreamLoad;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The reproduction of the bottleneck: weight updates of a server, first idle, then beside streams,
 * by the lanes asked for. The lanes take the same updates under the same load, one after the other.
 *
 * @param streams numbers of streams to measure with, one after the other
 * @param load what each of them does
 * @param lanes in the order measured
 * @param updates how many of each lane, idle and under each load
 * @param every from when one update is due to when the next is
 * @param warmUp how long streams run before the first update, after all have begun
 */
public record LaneBench(
    List<Integer> streams,
    LoadShape load,
    List<Lane> lanes,
    int updates,
    Duration every,
    Duration warmUp) {
  static final Duration OPENING = Duration.ofMinutes(2);

  /** How long it streams after the last update, so that there is an "after". */
  static final Duration QUIET = Duration.ofMillis(2200);

  /** Between idle updates, which leave nothing to recover from. */
  private static final Duration IDLE_EVERY = Duration.ofMillis(500);

  public LaneBench {
    streams = List.copyOf(streams);
    lanes = List.copyOf(lanes);
  }

  /** Told what has been measured as soon as it has been. */
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
            without(server, lane, false, every.compareTo(IDLE_EVERY) < 0 ? every : IDLE_EVERY));
        progress.measured(idle.getLast());
      }
      for (int count : streams) {
        List<LaneStretch> loaded = new ArrayList<>();
        for (Lane lane : lanes) {
          loaded.add(
              count == 0
                  ? without(server, lane, true, every)
                  : beside(server, target, lane, count));
          progress.measured(loaded.getLast());
        }
        runs.add(new LaneFigures.Run(count, loaded));
      }
    }
    return new LaneFigures(target.name(), this, idle, runs);
  }

  private LaneStretch without(LaneUpdates server, Lane lane, boolean loaded, Duration pace)
      throws InterruptedException {
    List<UpdateSample> samples = server.run(lane, new FairPool(1), updates, Pace.start(pace));
    return new LaneStretch(lane, 0, loaded, samples, StreamFigures.NONE, new LoadTimeline());
  }

  private LaneStretch beside(LaneUpdates server, LaneTarget target, Lane lane, int count)
      throws InterruptedException {
    int connections = load.pool().orElse(count);
    FairPool pool = new FairPool(connections);
    try (StreamLoad streaming = new StreamLoad(target.data(), count, load, pool)) {
      if (load.arrivalPerS().isEmpty()) {
        streaming.awaitBegun(Math.min(count, connections), OPENING);
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

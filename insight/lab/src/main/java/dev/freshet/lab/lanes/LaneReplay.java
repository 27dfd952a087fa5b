package dev.freshet.lab.lanes;

import dev.freshet.lab.load.FairPool;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.lab.load.StreamLoad;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The load of a recorded run on another server, by the lanes asked for, one after the other: as
 * many completions as were in flight, when they were, and updates when they were sent. A completion
 * that ends is replaced while there are to be more; where there are to be fewer, the oldest leave.
 *
 * @param load what each completion does; its loop is closed
 * @param lanes in the order measured
 */
public record LaneReplay(Recording recording, LoadShape load, List<Lane> lanes) {
  public LaneReplay {
    lanes = List.copyOf(lanes);
  }

  /** Replays. */
  public LaneFigures measure(LaneTarget target, LaneBench.Progress progress)
      throws InterruptedException {
    List<LaneStretch> loaded = new ArrayList<>();
    try (LaneUpdates server = new LaneUpdates(target)) {
      server.warmUp();
      for (Lane lane : lanes) {
        loaded.add(replay(server, target, lane));
        progress.measured(loaded.getLast());
      }
    }
    return new LaneFigures(
        target.name(), plan(), List.of(), List.of(new LaneFigures.Run(recording.most(), loaded)));
  }

  /** What is closest to it among measurements with an even load and pace. */
  private LaneBench plan() {
    int updates = recording.updates().size();
    return new LaneBench(
        List.of(recording.most()),
        load,
        lanes,
        updates,
        recording.length().dividedBy(updates),
        Duration.ZERO);
  }

  private LaneStretch replay(LaneUpdates server, LaneTarget target, Lane lane)
      throws InterruptedException {
    List<Recording.Update> updates = recording.updates();
    List<Recording.Load> loads = recording.loads();
    int most = Math.max(1, recording.most());
    int connections = load.pool().orElse(most);
    int first = loads.getFirst().streams();
    FairPool pool = new FairPool(connections);
    try (StreamLoad streaming = new StreamLoad(target.data(), first, load, pool)) {
      streaming.awaitBegun(Math.min(first, connections), LaneBench.OPENING);
      loads.forEach(next -> streaming.aim(next.streams(), Duration.ofNanos(next.offsetNanos())));
      List<UpdateSample> samples =
          server.run(lane, pool, updates.size(), Pace.start(i -> updates.get(i).offsetNanos()));
      Thread.sleep(LaneBench.QUIET);
      return new LaneStretch(
          lane,
          recording.most(),
          true,
          samples,
          StreamFigures.of(samples, streaming.timeline(), streaming.counts()),
          streaming.timeline());
    }
  }
}

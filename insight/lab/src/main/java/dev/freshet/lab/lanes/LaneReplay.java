package dev.freshet.lab.lanes;

import dev.freshet.lab.load.FairPool;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.lab.load.StreamLoad;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Replays the load of a recorded run on a server, over the given lanes one after the other: the
 * recorded number of completions in flight over time, and updates at the recorded times. A
 * completion that ends is replaced as long as the recording has more in flight; when it has fewer,
 * the oldest disconnect.
 *
 * @param load what each completion does, in a closed loop
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
        target.name(),
        plan(),
        List.of(),
        List.of(new LaneFigures.Run(recording.maxStreams(), loaded)));
  }

  /** The benchmark with an even load and pace that is closest to the recording. */
  private LaneBench plan() {
    int updates = recording.updates().size();
    return new LaneBench(
        List.of(recording.maxStreams()),
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
    int maxStreams = Math.max(1, recording.maxStreams());
    int connections = load.pool().orElse(maxStreams);
    int first = loads.getFirst().streams();
    FairPool pool = new FairPool(connections);
    try (StreamLoad streaming = new StreamLoad(target.data(), first, load, pool)) {
      streaming.awaitBegun(Math.min(first, connections));
      loads.forEach(
          next -> streaming.setStreams(next.streams(), Duration.ofNanos(next.offsetNanos())));
      List<UpdateSample> samples =
          server.run(lane, pool, updates.size(), Pace.start(i -> updates.get(i).offsetNanos()));
      Thread.sleep(LaneBench.QUIET);
      return new LaneStretch(
          lane,
          recording.maxStreams(),
          true,
          samples,
          StreamFigures.of(samples, streaming.timeline(), streaming.counts()),
          streaming.timeline());
    }
  }
}

package dev.freshet.lab.lanes;

import dev.freshet.lab.load.Length;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.lab.load.LoadTimeline;
import dev.freshet.lab.load.StreamLoad;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Simulated figures of a benchmark: on the shared lane updates wait for streams, which end
 * together; on the dedicated lane they do not wait.
 */
public final class SimulatedLanes {
  private static final long MS = 1_000_000;
  private static final int UPDATES = 20;
  private static final long EVERY = 1000 * MS;
  private static final long COMPLETION = 2900 * MS;
  private static final double TOKENS_PER_S = 20;

  private final Random random = new Random(7);
  private final String target;
  private final boolean reportsRpc;
  private final Optional<String> error;

  /**
   * @param reportsRpc whether the server reports its own work
   * @param error of the fifth update of every loaded stretch
   */
  public SimulatedLanes(String target, boolean reportsRpc, Optional<String> error) {
    this.target = target;
    this.reportsRpc = reportsRpc;
    this.error = error;
  }

  /** The figures of both lanes, one run per number of streams. */
  public LaneFigures figures(Integer... streams) {
    return figures(List.of(Lane.values()), streams);
  }

  /** The figures of these lanes. */
  public LaneFigures figures(List<Lane> lanes, Integer... streams) {
    LoadShape load =
        new LoadShape(
            OptionalDouble.empty(),
            Length.parse("58"),
            Length.parse("1"),
            Length.parse("0"),
            0,
            OptionalInt.empty(),
            1);
    LaneBench plan =
        new LaneBench(
            List.of(streams), load, lanes, UPDATES, Duration.ofSeconds(1), Duration.ofSeconds(3));
    return new LaneFigures(
        target,
        plan,
        lanes.stream().map(lane -> stretch(lane, 0, false)).toList(),
        IntStream.range(0, streams.length)
            .mapToObj(
                i ->
                    new LaneFigures.Run(
                        streams[i],
                        lanes.stream().map(lane -> stretch(lane, streams[i], true)).toList()))
            .toList());
  }

  private LaneStretch stretch(Lane lane, int streams, boolean loaded) {
    List<UpdateSample> updates = new ArrayList<>();
    long start = 5000 * MS;
    long free = start;
    for (int i = 0; i < UPDATES; i++) {
      long due = start + i * EVERY;
      long sent = Math.max(due, free);
      if (lane == Lane.SHARED && streams > 0) {
        sent = (sent / COMPLETION + 1) * COMPLETION;
      }
      double rpcMs = 20 + 5 * random.nextDouble();
      double wallMs = (sent - due) / 1e6 + 1 + random.nextExponential() + rpcMs;
      free = due + (long) (wallMs * MS);
      boolean fails = loaded && i == 4 && error.isPresent();
      updates.add(
          new UpdateSample(
              due,
              wallMs,
              reportsRpc && !fails ? OptionalDouble.of(rpcMs) : OptionalDouble.empty(),
              reportsRpc && !fails ? OptionalDouble.of(0.1) : OptionalDouble.empty(),
              fails ? error : Optional.empty()));
    }
    LoadTimeline timeline = streams == 0 ? new LoadTimeline() : timeline(streams, free);
    StreamFigures figures =
        streams == 0
            ? StreamFigures.NONE
            : StreamFigures.of(
                updates,
                timeline,
                new StreamLoad.Counts(free, 0, 0, streams, streams, 0, Optional.empty()));
    return new LaneStretch(lane, streams, loaded, updates, figures, timeline);
  }

  /** A reading every 10 ms until two seconds after the last update. */
  private static LoadTimeline timeline(int streams, long last) {
    LoadTimeline timeline = new LoadTimeline();
    double tokens = 0;
    for (long at = 1000 * MS; at < last + 2000 * MS; at += 10 * MS) {
      int open =
          at % COMPLETION < 100 * MS ? (int) (streams * (at % COMPLETION) / (100 * MS)) : streams;
      tokens += open * TOKENS_PER_S / 100;
      timeline.add(new LoadTimeline.Reading(at, (long) tokens, open));
    }
    return timeline;
  }
}

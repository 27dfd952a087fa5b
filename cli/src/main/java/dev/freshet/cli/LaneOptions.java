package dev.freshet.cli;

import dev.freshet.lab.lanes.LaneBench;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of {@code freshet bench} that set what is measured. */
final class LaneOptions {
  private static final int MAX_UPDATES = 100_000;
  private static final int MAX_EVERY_MS = 3_600_000;
  private static final double MAX_ARRIVAL = 10_000;

  @Option(
      names = "--streams",
      split = ",",
      paramLabel = "N,…",
      description = "Numbers of streams to measure with, one after the other (default: 150).")
  private List<Integer> streams = List.of(150);

  @Option(
      names = "--updates",
      paramLabel = "N",
      description = "Updates on each lane, idle and under each load (default: 20).")
  private int updates = 20;

  @Option(
      names = "--update-every",
      paramLabel = "MS",
      description =
          "Milliseconds from the due time of one update to that of the next (default: 3000).")
  private int everyMs = 3000;

  @Option(
      names = "--arrival",
      paramLabel = "R",
      description =
          "Open loop: R new streams a second arrive at random, with --streams as the limit (default: closed loop).")
  private Optional<Double> arrival = Optional.empty();

  @Option(
      names = "--warm-up",
      paramLabel = "S",
      description = "Seconds of streaming before the first update (default: 3).")
  private int warmUpS = 3;

  @Mixin private LoadOptions load = new LoadOptions();

  /** The benchmark that the options describe, checked. */
  LaneBench plan() {
    int most = LoadOptions.mostStreams();
    LoadOptions.require(
        !streams.isEmpty() && streams.stream().allMatch(n -> n >= 0 && n <= most),
        "--streams " + streams,
        "0 to " + most + ", as open files allow");
    LoadOptions.require(
        updates >= 1 && updates <= MAX_UPDATES, "--updates " + updates, "1 to " + MAX_UPDATES);
    LoadOptions.require(
        everyMs >= 1 && everyMs <= MAX_EVERY_MS,
        "--update-every " + everyMs,
        "1 to " + MAX_EVERY_MS);
    arrival.ifPresent(
        rate ->
            LoadOptions.require(
                rate > 0 && rate <= MAX_ARRIVAL, "--arrival " + rate, "above 0 to 10000"));
    LoadOptions.require(warmUpS >= 0 && warmUpS <= 3600, "--warm-up " + warmUpS, "0 to 3600");
    return new LaneBench(
        streams,
        load.shape(arrival.map(OptionalDouble::of).orElseGet(OptionalDouble::empty)),
        load.lanes(),
        updates,
        Duration.ofMillis(everyMs),
        Duration.ofSeconds(warmUpS));
  }
}

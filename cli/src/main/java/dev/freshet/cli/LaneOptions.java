package dev.freshet.cli;

import dev.freshet.cli.config.ConfigException;
import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.lanes.LaneBench;
import dev.freshet.lab.load.Length;
import dev.freshet.lab.load.LoadShape;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** The options of {@code freshet bench} that say what is measured. */
final class LaneOptions {
  private static final int MAX_UPDATES = 100_000;
  private static final int MAX_EVERY_MS = 3_600_000;
  private static final int MAX_TOKENS = 100_000;
  private static final int MAX_THINK_MS = 3_600_000;
  private static final double MAX_ARRIVAL = 10_000;

  /** Connections beside those of streams, and files that a process has open anyway. */
  private static final int OTHER_FILES = 512;

  @Option(
      names = "--streams",
      split = ",",
      paramLabel = "N,…",
      description = "Numbers of streams to measure with, one after the other (150).")
  private List<Integer> streams = List.of(150);

  @Option(
      names = "--updates",
      paramLabel = "N",
      description = "Updates of each lane, idle and under each load (20).")
  private int updates = 20;

  @Option(
      names = "--update-every",
      paramLabel = "MS",
      description = "From when one update is due to when the next is (3000).")
  private int everyMs = 3000;

  @Option(
      names = "--lane",
      paramLabel = "LANE",
      description = "dedicated, shared (through the streams' connection pool) or both (both).")
  private String lane = "both";

  @Option(
      names = "--pool",
      paramLabel = "N",
      description = "Connections in the streams' pool (as many as streams).")
  private Optional<Integer> pool = Optional.empty();

  @Option(
      names = "--tokens",
      paramLabel = "LENGTH",
      description = "Tokens of a completion: N, uniform:A-B or lognormal:MEAN,SIGMA (256).")
  private String tokens = "256";

  @Option(
      names = "--prompt-tokens",
      paramLabel = "LENGTH",
      description = "Tokens of a prompt, likewise (1).")
  private String promptTokens = "1";

  @Option(
      names = "--think-ms",
      paramLabel = "LENGTH",
      description = "From a stream's end to its replacement, likewise (0).")
  private String thinkMs = "0";

  @Option(
      names = "--arrival",
      paramLabel = "R",
      description =
          "Open loop: R new streams a second come at random; --streams is the most at once.")
  private Optional<Double> arrival = Optional.empty();

  @Option(
      names = "--slow-readers",
      paramLabel = "SHARE",
      description = "Share of streams that are read a little at a time (0).")
  private double slowReaders;

  @Option(
      names = "--warm-up",
      paramLabel = "S",
      description = "Seconds of streaming before the first update (3).")
  private int warmUpS = 3;

  @Option(names = "--seed", paramLabel = "N", description = "Of all that is drawn (1).")
  private long seed = 1;

  /** What they say, checked. */
  LaneBench plan() {
    int most = mostStreams();
    require(
        !streams.isEmpty() && streams.stream().allMatch(n -> n >= 0 && n <= most),
        "--streams " + streams,
        "0 to " + most + ", as open files allow");
    require(updates >= 1 && updates <= MAX_UPDATES, "--updates " + updates, "1 to " + MAX_UPDATES);
    require(
        everyMs >= 1 && everyMs <= MAX_EVERY_MS,
        "--update-every " + everyMs,
        "1 to " + MAX_EVERY_MS);
    pool.ifPresent(size -> require(size >= 1 && size <= most, "--pool " + size, "1 to " + most));
    arrival.ifPresent(
        rate -> require(rate > 0 && rate <= MAX_ARRIVAL, "--arrival " + rate, "above 0 to 10000"));
    require(slowReaders >= 0 && slowReaders <= 1, "--slow-readers " + slowReaders, "0 to 1");
    require(warmUpS >= 0 && warmUpS <= 3600, "--warm-up " + warmUpS, "0 to 3600");
    LoadShape load =
        new LoadShape(
            arrival.map(OptionalDouble::of).orElseGet(OptionalDouble::empty),
            length("--tokens", tokens, 1, MAX_TOKENS),
            length("--prompt-tokens", promptTokens, 1, MAX_TOKENS),
            length("--think-ms", thinkMs, 0, MAX_THINK_MS),
            slowReaders,
            pool.map(OptionalInt::of).orElseGet(OptionalInt::empty),
            seed);
    return new LaneBench(
        streams, load, lanes(), updates, Duration.ofMillis(everyMs), Duration.ofSeconds(warmUpS));
  }

  private List<Lane> lanes() {
    return switch (lane) {
      case "dedicated" -> List.of(Lane.DEDICATED);
      case "shared" -> List.of(Lane.SHARED);
      case "both" -> List.of(Lane.DEDICATED, Lane.SHARED);
      default ->
          throw new ConfigException(
              "--lane %s: expected dedicated, shared or both".formatted(lane));
    };
  }

  private static Length length(String option, String text, int least, int most) {
    try {
      Length length = Length.parse(text);
      require(
          length.least() >= least && length.most() <= most,
          option + " " + text,
          "%d to %d, the longest drawn included".formatted(least, most));
      return length;
    } catch (IllegalArgumentException e) {
      throw new ConfigException("%s %s: %s".formatted(option, text, e.getMessage()));
    }
  }

  private static void require(boolean holds, String given, String expected) {
    if (!holds) {
      throw new ConfigException("%s: expected %s".formatted(given, expected));
    }
  }

  private static int mostStreams() {
    return (int) Math.min(Integer.MAX_VALUE, Math.max(1, OpenFiles.limit() - OTHER_FILES));
  }
}

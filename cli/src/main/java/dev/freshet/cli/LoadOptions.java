package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.lab.lanes.Lane;
import dev.freshet.lab.load.Length;
import dev.freshet.lab.load.LoadShape;
import dev.freshet.process.OpenFiles;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** The streaming load of a benchmark of lanes, and the lanes to measure. */
final class LoadOptions {
  private static final int MAX_TOKENS = 100_000;
  private static final int MAX_THINK_MS = 3_600_000;

  /** Files for connections other than streams', and those every process has open. */
  private static final int OTHER_FILES = 512;

  @Option(
      names = "--lane",
      paramLabel = "LANE",
      description =
          "Lane of the updates: dedicated, shared (through the streams' connection pool) or both (default: both).")
  private String lane = "both";

  @Option(
      names = "--pool",
      paramLabel = "N",
      description = "Connections in the streams' pool (default: as many as streams).")
  private Optional<Integer> pool = Optional.empty();

  @Option(
      names = "--tokens",
      paramLabel = "LENGTH",
      description =
          "Tokens of a completion: N, uniform:A-B or lognormal:MEAN,SIGMA (default: 256).")
  private String tokens = "256";

  @Option(
      names = "--prompt-tokens",
      paramLabel = "LENGTH",
      description = "Tokens of a prompt, in the same forms (default: 1).")
  private String promptTokens = "1";

  @Option(
      names = "--think-ms",
      paramLabel = "LENGTH",
      description =
          "Milliseconds from the end of a stream to its replacement, in the same forms (default: 0).")
  private String thinkMs = "0";

  @Option(
      names = "--slow-readers",
      paramLabel = "SHARE",
      description = "Share of streams whose client reads slowly, 0 to 1 (default: 0).")
  private double slowReaders;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of all random draws (default: 1).")
  private long seed = 1;

  /** The lanes to measure, in order. */
  List<Lane> lanes() {
    return switch (lane) {
      case "dedicated" -> List.of(Lane.DEDICATED);
      case "shared" -> List.of(Lane.SHARED);
      case "both" -> List.of(Lane.DEDICATED, Lane.SHARED);
      default ->
          throw new ConfigException(
              "--lane %s: expected dedicated, shared or both".formatted(lane));
    };
  }

  /**
   * The load that the options describe, checked.
   *
   * @param arrivalPerS new streams a second; empty for a closed loop
   */
  LoadShape shape(OptionalDouble arrivalPerS) {
    int most = mostStreams();
    pool.ifPresent(size -> require(size >= 1 && size <= most, "--pool " + size, "1 to " + most));
    require(slowReaders >= 0 && slowReaders <= 1, "--slow-readers " + slowReaders, "0 to 1");
    return new LoadShape(
        arrivalPerS,
        length("--tokens", tokens, 1, MAX_TOKENS),
        length("--prompt-tokens", promptTokens, 1, MAX_TOKENS),
        length("--think-ms", thinkMs, 0, MAX_THINK_MS),
        slowReaders,
        pool.map(OptionalInt::of).orElseGet(OptionalInt::empty),
        seed);
  }

  private static Length length(String option, String text, int least, int most) {
    try {
      Length length = Length.parse(text);
      require(
          length.min() >= least && length.max() <= most,
          option + " " + text,
          "%d to %d, the longest drawn included".formatted(least, most));
      return length;
    } catch (IllegalArgumentException e) {
      throw new ConfigException("%s %s: %s".formatted(option, text, e.getMessage()));
    }
  }

  /** Rejects an option unless a condition holds. */
  static void require(boolean holds, String given, String expected) {
    if (!holds) {
      throw new ConfigException("%s: expected %s".formatted(given, expected));
    }
  }

  /** The most streams that the limit of open files allows. */
  static int mostStreams() {
    return (int) Math.min(Integer.MAX_VALUE, Math.max(1, OpenFiles.limit() - OTHER_FILES));
  }
}

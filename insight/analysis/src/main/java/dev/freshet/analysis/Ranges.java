package dev.freshet.analysis;

/**
 * The ranges by which metrics are judged.
 *
 * @param queue of queue_ms
 * @param update of rpc_ms of an update
 * @param reload of rpc_ms of a reload
 * @param wall of wall_ms; never critical, because its parts are judged
 * @param staleness of staleness, given the async level
 * @param model the model they apply to, in words
 */
public record Ranges(
    Range queue, Range update, Range reload, Range wall, Range staleness, String model) {
  private static final Range RELOAD = Range.below(500, 2000);
  private static final double SMALL_B = 2;
  private static final double LARGE_B = 70;
  private static final double FIELD_B = 7;

  /** The ranges of the table, for a model of 7B. */
  static Ranges standard(int asyncLevel) {
    return new Ranges(
        Range.below(100, 1000),
        Range.below(2000, 5000),
        RELOAD,
        Range.below(3000, Double.POSITIVE_INFINITY),
        staleness(asyncLevel),
        "7B, by default");
  }

  /**
   * The ranges of a model by its size. Where rpc_ms has a lower good bound, its critical bound is
   * lower in proportion. For 70B and more only queue_ms is judged.
   *
   * @param billions of parameters
   */
  static Ranges ofSize(double billions, int asyncLevel) {
    String model = "%sB".formatted(billions == Math.rint(billions) ? (long) billions : billions);
    if (billions <= SMALL_B) {
      return new Ranges(
          Range.below(100, 1000),
          Range.below(500, 1250),
          RELOAD,
          Range.below(1000, Double.POSITIVE_INFINITY),
          staleness(asyncLevel),
          model);
    }
    if (billions >= LARGE_B) {
      return new Ranges(
          Range.below(500, 1000),
          Range.UNKNOWN,
          Range.UNKNOWN,
          Range.UNKNOWN,
          staleness(asyncLevel),
          model);
    }
    return new Ranges(
        Range.below(300, 1000),
        Range.below(2000, 5000),
        RELOAD,
        Range.below(3000, Double.POSITIVE_INFINITY),
        staleness(asyncLevel),
        billions == FIELD_B ? model : model + ", judged as 7B");
  }

  private static Range staleness(int asyncLevel) {
    return Range.upTo(asyncLevel, asyncLevel + 2);
  }

  /** The range of a metric; for rpc_ms that of updates. */
  public Range of(LogMetric metric) {
    return switch (metric) {
      case QUEUE -> queue;
      case RPC -> update;
      case RPC_RELOAD -> reload;
      case WALL -> wall;
      case WRITE -> Range.below(1000, 5000);
      case WAIT -> Range.below(500, 2000);
      case BATCH -> Range.below(5000, 10_000);
      case TRUNCATION -> Range.below(10, 30);
      case STALENESS -> staleness;
    };
  }
}

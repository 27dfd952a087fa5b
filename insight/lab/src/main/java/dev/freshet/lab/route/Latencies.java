package dev.freshet.lab.route;

/**
 * Latencies in buckets 1/16 of a power of two wide: a percentile is exact to 4 %. Not thread-safe.
 */
final class Latencies {
  private static final int SUB_BITS = 4;
  private static final int SUB = 1 << SUB_BITS;

  private final long[] buckets = new long[Long.SIZE * SUB];
  private long count;

  /** Counts one; less than 0 counts as 0. */
  void add(long nanos) {
    buckets[bucket(Math.max(0, nanos))]++;
    count++;
  }

  long count() {
    return count;
  }

  private static int bucket(long nanos) {
    if (nanos < SUB) {
      return (int) nanos;
    }
    int exponent = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos);
    int sub = (int) (nanos >>> (exponent - SUB_BITS)) & (SUB - 1);
    return (exponent - SUB_BITS + 1) * SUB + sub;
  }

  /** The middle of a bucket. */
  private static double middle(int bucket) {
    if (bucket < SUB) {
      return bucket;
    }
    int shift = bucket / SUB - 1;
    return (double) ((long) (SUB + bucket % SUB) << shift) + (1L << shift) / 2.0;
  }

  /** A percentile in milliseconds; NaN if nothing was counted. */
  double percentileMs(double percentile) {
    long rank = (long) Math.ceil(percentile / 100 * count);
    long seen = 0;
    for (int bucket = 0; bucket < buckets.length; bucket++) {
      seen += buckets[bucket];
      if (seen >= rank && buckets[bucket] > 0) {
        return middle(bucket) / 1e6;
      }
    }
    return Double.NaN;
  }
}

package dev.freshet.metrics;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.NativeHistogramBuckets;
import java.util.Arrays;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The buckets of durations in seconds. Durations are counted in <em>cells</em>, whose bounds are
 * those of a native histogram of schema {@value #SCHEMA}, (2^((i−1)/8), 2^(i/8)], and those of the
 * classic buckets. Both kinds of buckets are sums of cells, so one count serves both and they
 * always agree. Below 2^{@value #LOWEST_EXPONENT} is the native zero bucket; one cell holds all
 * above 2^{@value #HIGHEST_EXPONENT}.
 */
final class Buckets {
  static final int SCHEMA = 3;
  private static final int PER_DOUBLING = 1 << SCHEMA;
  private static final int LOWEST_EXPONENT = -20;
  private static final int HIGHEST_EXPONENT = 12;
  private static final int ZERO = LOWEST_EXPONENT * PER_DOUBLING;
  private static final int BEYOND = HIGHEST_EXPONENT * PER_DOUBLING + 1;

  static final double ZERO_THRESHOLD = Math.pow(2, LOWEST_EXPONENT);

  /** The limits by which an update's durations are judged, and lower ones for single steps. */
  private static final double[] CLASSIC = {
    0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.3, 0.5, 1, 2, 5, 10, 30, Double.POSITIVE_INFINITY
  };

  /** The upper bounds of all cells but the last, which has none. */
  private static final double[] UPPER;

  /** The native and the classic bucket of each cell. */
  private static final int[] NATIVE;

  private static final int[] IN_CLASSIC;

  static {
    NavigableMap<Double, Integer> natives = new TreeMap<>();
    for (int index = ZERO; index < BEYOND; index++) {
      natives.put(Math.pow(2, (double) index / PER_DOUBLING), index);
    }
    TreeSet<Double> bounds = new TreeSet<>(natives.keySet());
    for (double bound : CLASSIC) {
      if (Double.isFinite(bound)) {
        bounds.add(bound);
      }
    }
    UPPER = bounds.stream().mapToDouble(Double::doubleValue).toArray();
    NATIVE = new int[UPPER.length + 1];
    IN_CLASSIC = new int[UPPER.length + 1];
    for (int cell = 0; cell < UPPER.length; cell++) {
      NATIVE[cell] = natives.ceilingEntry(UPPER[cell]).getValue();
      int at = Arrays.binarySearch(CLASSIC, UPPER[cell]);
      IN_CLASSIC[cell] = at >= 0 ? at : -at - 1;
    }
    NATIVE[UPPER.length] = BEYOND;
    IN_CLASSIC[UPPER.length] = CLASSIC.length - 1;
  }

  private Buckets() {}

  /** The number of cells. */
  static int cells() {
    return UPPER.length + 1;
  }

  /** The cell of a duration. */
  static int cell(double seconds) {
    int at = Arrays.binarySearch(UPPER, seconds);
    return at >= 0 ? at : -at - 1;
  }

  /** The current counts of the cells. */
  static long[] counts(AtomicLongArray cells) {
    long[] counts = new long[cells.length()];
    Arrays.setAll(counts, cells::get);
    return counts;
  }

  /** The count of durations in the native zero bucket. */
  static long zeros(long[] counts) {
    long zeros = 0;
    for (int cell = 0; cell < counts.length && NATIVE[cell] == ZERO; cell++) {
      zeros += counts[cell];
    }
    return zeros;
  }

  /** The native buckets that are not empty. */
  static NativeHistogramBuckets natives(long[] counts) {
    NativeHistogramBuckets.Builder buckets = NativeHistogramBuckets.builder();
    long inBucket = 0;
    for (int cell = 0; cell < counts.length; cell++) {
      inBucket += counts[cell];
      boolean last = cell + 1 == counts.length || NATIVE[cell + 1] != NATIVE[cell];
      if (last && inBucket > 0 && NATIVE[cell] != ZERO) {
        buckets.bucket(NATIVE[cell], inBucket);
      }
      inBucket = last ? 0 : inBucket;
    }
    return buckets.build();
  }

  /** All classic buckets. */
  static ClassicHistogramBuckets classics(long[] counts) {
    long[] inBuckets = new long[CLASSIC.length];
    for (int cell = 0; cell < counts.length; cell++) {
      inBuckets[IN_CLASSIC[cell]] += counts[cell];
    }
    return ClassicHistogramBuckets.of(CLASSIC, inBuckets);
  }
}

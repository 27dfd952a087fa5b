package dev.freshet.metrics;

import com.sun.management.ThreadMXBean;
import dev.freshet.metrics.MetricDefinition.Role;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.function.LongConsumer;

/**
 * The CPU time and allocation of one count and of one histogram observation, with this room's
 * series, and with those of {@code prometheus-metrics-core} with the same buckets, from one thread
 * and from two. Run by {@code bench/metrics.sh}.
 */
final class SeriesCost {
  private static final int ROUNDS = 9;
  private static final int WARM_UP = 3;
  private static final int CALLS = 2_000_000;
  private static final double[] CLASSIC = {
    0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.3, 0.5, 1, 2, 5, 10, 30
  };
  private static final long[] NANOS = durations();

  private SeriesCost() {}

  static void main(String[] arguments) throws Exception {
    MetricsRegistry registry = new MetricsRegistry();
    Counter counter = registry.counter(Role.INFERENCE, "calls_total", "Calls.", "kind").of("a");
    Histogram histogram =
        registry.histogram(Role.INFERENCE, "call_seconds", "Their time.", "kind").of("a");
    CounterDataPoint libraryCounter =
        io.prometheus.metrics.core.metrics.Counter.builder()
            .name("calls")
            .labelNames("kind")
            .withoutExemplars()
            .build()
            .labelValues("a");
    DistributionDataPoint libraryHistogram =
        io.prometheus.metrics.core.metrics.Histogram.builder()
            .name("call_seconds")
            .labelNames("kind")
            .classicUpperBounds(CLASSIC)
            .nativeInitialSchema(Buckets.SCHEMA)
            .withoutExemplars()
            .build()
            .labelValues("a");
    System.out.printf("%-34s %7s %8s %12s%n", "", "threads", "CPU ns", "bytes");
    for (int threads : new int[] {1, 2}) {
      report("count, ours", threads, _ -> counter.add(1));
      report("count, library", threads, _ -> libraryCounter.inc());
      report("observation, ours", threads, histogram::nanos);
      report("observation, library", threads, nanos -> libraryHistogram.observe(nanos / 1e9));
    }
  }

  /** Log-uniform from 10 microseconds to 1 second. */
  private static long[] durations() {
    SplittableRandom random = new SplittableRandom(1);
    long[] nanos = new long[1024];
    Arrays.setAll(nanos, _ -> (long) Math.pow(10, 4 + 5 * random.nextDouble()));
    return nanos;
  }

  private static void report(String what, int threads, LongConsumer call) throws Exception {
    double[] nanos = new double[ROUNDS];
    double[] bytes = new double[ROUNDS];
    for (int round = -WARM_UP; round < ROUNDS; round++) {
      double[] cost = round(threads, call);
      if (round >= 0) {
        nanos[round] = cost[0];
        bytes[round] = cost[1];
      }
    }
    Arrays.sort(nanos);
    Arrays.sort(bytes);
    System.out.printf(
        "%-34s %7d %8.1f %12.2f%n", what, threads, nanos[ROUNDS / 2], bytes[ROUNDS / 2]);
  }

  /** CPU nanoseconds and allocated bytes of a call, averaged over the threads. */
  private static double[] round(int threads, LongConsumer call) throws Exception {
    CyclicBarrier start = new CyclicBarrier(threads);
    double[][] costs = new double[threads][];
    List<Thread> all = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int index = t;
      all.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      start.await();
                    } catch (InterruptedException | BrokenBarrierException e) {
                      throw new IllegalStateException(e);
                    }
                    costs[index] = calls(call);
                  }));
    }
    for (Thread thread : all) {
      thread.join();
    }
    return new double[] {
      Arrays.stream(costs).mapToDouble(cost -> cost[0]).average().orElseThrow(),
      Arrays.stream(costs).mapToDouble(cost -> cost[1]).average().orElseThrow()
    };
  }

  private static double[] calls(LongConsumer call) {
    ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long bytes = memory.getCurrentThreadAllocatedBytes();
    long begin = memory.getCurrentThreadCpuTime();
    for (int i = 0; i < CALLS; i++) {
      call.accept(NANOS[i & (NANOS.length - 1)]);
    }
    double nanos = memory.getCurrentThreadCpuTime() - begin;
    double allocated = memory.getCurrentThreadAllocatedBytes() - bytes;
    return new double[] {nanos / CALLS, allocated / CALLS};
  }
}

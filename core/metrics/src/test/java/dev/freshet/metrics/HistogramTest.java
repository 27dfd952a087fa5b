package dev.freshet.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBucket;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.NativeHistogramBucket;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HistogramTest {
  private final Histogram histogram = new Histogram();

  private HistogramDataPointSnapshot snapshot() {
    return histogram.snapshot(Labels.EMPTY);
  }

  @Test
  void anEmptyHistogramHasAllClassicBucketsAndNoNativeOnes() {
    assertThat(snapshot().getCount()).isZero();
    assertThat(snapshot().getSum()).isZero();
    assertThat(snapshot().getClassicBuckets().size()).isEqualTo(14);
    assertThat(snapshot().getNativeBucketsForPositiveValues().size()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        1_000,
        1_001,
        954,
        99_999,
        1_000_000,
        2_000_000,
        123_456_789,
        500_000_000,
        1_000_000_000,
        1_000_000_001,
        29_999_999_999L,
        4_096_000_000_000L
      })
  void aDurationIsInTheNativeAndTheClassicBucketWhoseBoundsEncloseIt(long nanos) {
    histogram.nanos(nanos);
    double seconds = nanos / 1e9;

    NativeHistogramBucket bucket = snapshot().getNativeBucketsForPositiveValues().iterator().next();
    assertThat(bucket.getCount()).isEqualTo(1);
    assertThat(seconds).isGreaterThan(Math.pow(2, (bucket.getBucketIndex() - 1) / 8.0));
    assertThat(seconds).isLessThanOrEqualTo(Math.pow(2, bucket.getBucketIndex() / 8.0));
    double below = 0;
    for (ClassicHistogramBucket classic : snapshot().getClassicBuckets()) {
      assertThat(classic.getCount())
          .isEqualTo(seconds > below && seconds <= classic.getUpperBound() ? 1 : 0);
      below = classic.getUpperBound();
    }
  }

  @Test
  void aDurationThatIsNegativeOrBelowAMicrosecondIsInTheZeroBucket() {
    histogram.nanos(-5);
    histogram.nanos(0);
    histogram.nanos(950);

    assertThat(snapshot().getNativeZeroCount()).isEqualTo(3);
    assertThat(snapshot().getNativeZeroThreshold()).isBetween(0.95e-6, 1e-6);
    assertThat(snapshot().getCount()).isEqualTo(3);
    assertThat(snapshot().getSum()).isCloseTo(950e-9, within(1e-15));
  }

  @Test
  void aDurationBeyondAllBucketsIsInTheLast() {
    histogram.millis(1e9);

    assertThat(snapshot().getCount()).isEqualTo(1);
    assertThat(snapshot().getSum()).isEqualTo(1e6);
    assertThat(snapshot().getClassicBuckets().getCount(13)).isEqualTo(1);
    assertThat(snapshot().getNativeBucketsForPositiveValues().size()).isEqualTo(1);
  }

  @Test
  void aDurationCanCountSeveralTimes() {
    histogram.nanos(2_000_000, 150);
    histogram.millis(2);

    assertThat(snapshot().getCount()).isEqualTo(151);
    assertThat(snapshot().getSum()).isCloseTo(0.302, within(1e-12));
    assertThat(snapshot().getNativeBucketsForPositiveValues().size()).isEqualTo(1);
  }

  @Test
  void bothKindsOfBucketsAgreeWhileSeveralThreadsCount() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      SplittableRandom random = new SplittableRandom(t);
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 50_000; i++) {
                      histogram.nanos((long) Math.exp(25 * random.nextDouble()));
                    }
                  }));
    }
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        consistent(snapshot());
      }
      thread.join();
    }

    assertThat(consistent(snapshot())).isEqualTo(200_000);
  }

  /** The count, which both kinds of buckets agree on. */
  private static long consistent(HistogramDataPointSnapshot snapshot) {
    long classic = snapshot.getClassicBuckets().stream().mapToLong(b -> b.getCount()).sum();
    long natives =
        LongStream.concat(
                LongStream.of(snapshot.getNativeZeroCount()),
                snapshot.getNativeBucketsForPositiveValues().stream().mapToLong(b -> b.getCount()))
            .sum();
    assertThat(natives).isEqualTo(classic);
    return classic;
  }
}

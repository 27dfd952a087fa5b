package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Contention where every batch meets an update. */
class UpdateDoseTest {
  private static final double START_MS = 1_767_323_045_000.0;

  private final Random random;
  private final List<Event> events = new ArrayList<>();
  private boolean timed = true;
  private double at;
  private int trace;

  private record Event(double millis, String text) {}

  UpdateDoseTest() {
    random = new Random(1);
  }

  private void add(double millis, String format, Object... arguments) {
    events.add(new Event(millis, String.format(Locale.ROOT, format, arguments)));
  }

  private void batch(double duration) {
    add(at, "[gen] batch.start inflight=64 target_batch=128");
    add(at + duration, "[gen] batch.done completions=128 dur_ms=%.1f inflight=64", duration);
    at += duration + 20;
  }

  private void update(double start, double length) {
    String id = "%016x".formatted(++trace);
    add(start, "[weights][%s] client.send url=http://h/update_weights t=%.6f", id, start / 1000);
    add(
        start + length,
        "[weights][%s] client.done wall_ms=%.1f rpc_ms=%.1f queue_ms=1.0",
        id,
        length,
        length - 1);
  }

  private Analysis analyze() {
    String log =
        events.stream()
            .sorted(Comparator.comparingDouble(Event::millis))
            .map(
                event ->
                    (timed
                            ? Instant.ofEpochMilli((long) (START_MS + event.millis())) + " INFO "
                            : "")
                        + event.text())
            .collect(Collectors.joining("\n", "", "\n"));
    return AnalyzedLogs.analyze(log);
  }

  private static boolean isContention(Analysis analysis) {
    return analysis.findings().stream()
        .anyMatch(finding -> finding.signature() == Signature.CONTENTION);
  }

  /**
   * Batches that an update begins in.
   *
   * @param offset when it begins, as a part of the batch; less than 0: before the batch
   */
  private void planted(int batches, double offset, double perMs, double noise) {
    for (int i = 0; i < batches; i++) {
      double length = 400 + random.nextDouble() * 5600;
      double duration = 2500 + perMs * length + noise * random.nextGaussian();
      update(at + (offset < 0 ? -15 : offset * duration), length);
      batch(duration);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "20,0.02,true",
    "40,0.3,true",
    "60,-1,true",
    "200,0.5,true",
    "20,0.02,false",
    "40,0.3,false",
    "60,-1,false"
  })
  void batchesThatLastLongerTheLongerTheirUpdateAreContention(
      int batches, double offset, boolean withTimes) {
    timed = withTimes;
    planted(batches, offset, 1.2, 400);

    Finding finding =
        analyze().findings().stream()
            .filter(f -> f.signature() == Signature.CONTENTION)
            .findFirst()
            .orElseThrow();

    assertThat(finding.what())
        .matches("batches take .* ms with a long update and .* with a short one");
    assertThat(finding.evidence().getFirst())
        .matches("In (%d|%d) batches an update begins\\. .*".formatted(batches - 1, batches))
        .containsPattern("Spearman 0\\.[6-9]\\d")
        .containsPattern(" (0\\.[89]|1\\.)\\d* ms more for each ms");
    assertThat(finding.confidence()).isGreaterThan(0.7);
  }

  @Test
  void outliersAndATrendDoNotHideIt() {
    for (int i = 0; i < 60; i++) {
      double length = 400 + random.nextDouble() * 5600;
      double duration = i % 11 == 5 ? 40_000 : 2500 + 40 * i + 1.2 * length;
      update(at + 100, i % 13 == 7 ? 30_000 : length);
      batch(duration);
    }

    assertThat(isContention(analyze())).isTrue();
  }

  @Test
  void aFewBatchesOrAWeakResponseAreNone() {
    planted(9, 0.1, 1.2, 10);
    assertThat(isContention(analyze())).isFalse();
    events.clear();
    planted(100, 0.1, 0.05, 300);
    assertThat(isContention(analyze())).isFalse();
  }

  /** Heavy-tailed durations; updates of any share of the time; drifts; and steps of both. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void durationsThatDoNotDependOnTheUpdatesAreNone(boolean withTimes) {
    timed = withTimes;
    List<String> found = new ArrayList<>();
    for (int seed = 0; seed < 400; seed++) {
      random.setSeed(seed);
      events.clear();
      at = 0;
      independent(seed);
      Analysis analysis = analyze();
      if (isContention(analysis)) {
        found.add(
            seed
                + ": "
                + analysis.findings().stream()
                    .filter(f -> f.signature() == Signature.CONTENTION)
                    .map(f -> f.what() + ". " + f.evidence().getFirst())
                    .toList());
      }
    }
    assertThat(found).isEmpty();
  }

  private void independent(int seed) {
    int batches = 12 + random.nextInt(120);
    double spread = 0.1 + 0.9 * random.nextDouble();
    double drift = seed % 3 == 0 ? 1.5 : 0;
    double steps = seed % 5 == 0 ? 1.2 : 0;
    for (int i = 0; i < batches; i++) {
      batch(7000 * factor(i, batches, spread, drift, steps));
    }
    double end = at;
    double mean = 300 + random.nextDouble() * 12_000;
    double pause = random.nextDouble() * 6000;
    boolean regular = random.nextBoolean();
    double updated = 0;
    while (updated < end) {
      double length = mean * factor((int) (updated / end * batches), batches, spread, drift, steps);
      update(updated, length);
      updated += length + (regular ? pause : pause * 2 * random.nextDouble()) + 5;
    }
  }

  private double factor(int i, int of, double spread, double drift, double steps) {
    return Math.exp(spread * random.nextGaussian() + drift * i / of + (2 * i > of ? steps : 0));
  }
}

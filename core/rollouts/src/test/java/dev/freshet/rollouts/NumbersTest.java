package dev.freshet.rollouts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.rollouts.JournalRecord.Handed;
import dev.freshet.rollouts.JournalRecord.Levels;
import dev.freshet.rollouts.JournalRecord.Sampled;
import dev.freshet.rollouts.JournalRecord.Scored;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Numbers in the lines of journals and batches: random ones of all exponents, and those that
 * conversions get wrong.
 */
class NumbersTest {
  private static final int NUMBERS = 50_000;
  private static final long SEED = 7;

  @Test
  void everyFloatOfAJournalComesBackBitForBit() {
    float[] written = floats();
    Sampled sampled =
        new Sampled(
            1, 2, 0, new int[written.length], written, new int[written.length], false, "stop");

    Sampled read = (Sampled) JournalLine.parse(line(sampled)).orElseThrow();

    assertThat(bits(read.logprobs())).containsExactly(bits(written));
  }

  @Test
  void everyDoubleOfAJournalComesBackBitForBit() {
    List<Double> written = doubles();
    Handed handed = new Handed(1, 2, 0, 0, 0, List.of(), levels(written));

    Handed read = (Handed) JournalLine.parse(line(handed)).orElseThrow();

    assertThat(read.curricula().values())
        .singleElement()
        .satisfies(levels -> assertThat(bits(levels.owed())).isEqualTo(bits(written)));
    for (double number : written.subList(0, 100)) {
      Scored scored = new Scored(1, 2, number, Map.of("metric", number), "stop", 1);
      assertThat(JournalLine.parse(line(scored))).contains(scored);
    }
  }

  @Test
  void everyNumberOfABatchComesBackBitForBit() {
    float[] written = finite(floats());
    boolean[] generated = new boolean[written.length];
    Arrays.fill(generated, true);
    int[] zeros = new int[written.length];
    Trajectory tokens =
        new Trajectory(zeros, generated, written, zeros, new boolean[written.length]);

    assertThat(bits(read(tokens, 1, 1).trajectory().logprobs())).containsExactly(bits(written));
    Trajectory one = new Trajectory.Builder().observe(new int[] {1}).build();
    for (double number : doubles().stream().filter(Double::isFinite).limit(100).toList()) {
      Rollout rollout = read(one, number, -number);
      assertThat(bits(List.of(rollout.reward(), rollout.advantage())))
          .isEqualTo(bits(List.of(number, -number)));
    }
  }

  private static Rollout read(Trajectory tokens, double reward, double advantage) {
    Rollout rollout =
        new Rollout(
            "0-0",
            "0",
            "reverse-text",
            "abc",
            tokens,
            reward,
            advantage,
            "stop",
            1,
            0,
            SamplingDistribution.atTemperature(1));
    String line = new String(BatchLine.json(1, 0, 1, rollout), StandardCharsets.UTF_8);
    return ((BatchLine.Usable) BatchLine.parse("a line", line.strip()).content()).rollout();
  }

  private static Map<String, Levels> levels(List<Double> numbers) {
    return Map.of("a", new Levels(List.of(1L), numbers, List.of(-0.0)));
  }

  /** Without its line feed. */
  private static byte[] line(JournalRecord journaled) {
    byte[] line = JournalLine.of(journaled);
    return Arrays.copyOf(line, line.length - 1);
  }

  private static float[] floats() {
    float[] edges = {
      0f,
      -0f,
      Float.MIN_VALUE,
      -Float.MIN_VALUE,
      Float.MIN_NORMAL,
      Math.nextDown(Float.MIN_NORMAL),
      Float.MAX_VALUE,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      1e-8f,
      Math.nextDown(-0.3f)
    };
    SplittableRandom random = new SplittableRandom(SEED);
    float[] floats = Arrays.copyOf(edges, NUMBERS);
    for (int i = edges.length; i < NUMBERS; i++) {
      floats[i] = Float.intBitsToFloat(random.nextInt());
    }
    return floats;
  }

  private static float[] finite(float[] all) {
    float[] finite = new float[all.length];
    int length = 0;
    for (float number : all) {
      if (Float.isFinite(number)) {
        finite[length++] = number;
      }
    }
    return Arrays.copyOf(finite, length);
  }

  private static List<Double> doubles() {
    List<Double> doubles =
        new ArrayList<>(
            List.of(
                0.0,
                -0.0,
                Double.MIN_VALUE,
                -Double.MIN_VALUE,
                Double.MIN_NORMAL,
                Math.nextDown(Double.MIN_NORMAL),
                Double.MAX_VALUE,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY,
                Double.NaN,
                1 / 3.0));
    SplittableRandom random = new SplittableRandom(SEED);
    while (doubles.size() < NUMBERS) {
      doubles.add(Double.longBitsToDouble(random.nextLong()));
    }
    return doubles;
  }

  /** All NaN are one. */
  private static int[] bits(float[] numbers) {
    int[] bits = new int[numbers.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToIntBits(numbers[i]);
    }
    return bits;
  }

  private static List<Long> bits(List<Double> numbers) {
    return numbers.stream().map(Double::doubleToLongBits).toList();
  }
}

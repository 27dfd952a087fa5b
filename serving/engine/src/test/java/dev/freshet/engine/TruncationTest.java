package dev.freshet.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.SamplingRows.Parameters;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Kept tokens against a row that is sorted as a whole; masses are exact in 64-bit floats. */
class TruncationTest {
  private static final int[] PROMPT = {0};

  @Test
  void theKeptTokensAreTheFirstOfTheSortedRow() {
    SplittableRandom random = new SplittableRandom(4);
    for (int round = 0; round < 3000; round++) {
      float[] row = row(random);
      Parameters parameters = Parameters.PLAIN;
      if (random.nextBoolean()) {
        parameters = parameters.topK(1 + random.nextInt(row.length + 2));
      }
      if (random.nextBoolean()) {
        parameters = parameters.minP(random.nextInt(65) / 64.0);
      }
      if (parameters.equals(Parameters.PLAIN) || random.nextBoolean()) {
        parameters = parameters.topP((1 + random.nextInt(63)) / 64.0);
      }

      assertThat(kept(row, parameters)).as("%s", parameters).isEqualTo(sorted(row, parameters));
    }
  }

  @Test
  void ofEquallyLikelyTokensTheLowerIdsAreKept() {
    float[] row = new float[64];
    Arrays.fill(row, 1 / 64f);

    assertThat(kept(row, Parameters.PLAIN.topK(3))).containsExactly(0, 1, 2);
    assertThat(kept(row, Parameters.PLAIN.topP(0.5))).hasSize(32).contains(0, 31);
    assertThat(kept(row, Parameters.PLAIN.topK(8).topP(0.5))).containsExactly(0, 1, 2, 3);
    assertThat(kept(row, Parameters.PLAIN.minP(1))).hasSize(64);
  }

  @Test
  void aRowWithoutProbabilitiesKeepsNothing() {
    float[] row = new float[300];
    Arrays.fill(row, Float.NaN);

    assertThat(kept(row, Parameters.PLAIN.topP(0.5).topK(9).minP(0.1))).isEmpty();
  }

  /** Multiples of 2^−20 that add up to 1, many of them equal. */
  private static float[] row(SplittableRandom random) {
    int[] shares = new int[1 + random.nextInt(400)];
    int skew = 1 + random.nextInt(12);
    int left = 1 << 20;
    for (int token = 0; token < shares.length; token++) {
      int share = Math.min(left, random.nextInt(1 << (1 + random.nextInt(skew))));
      shares[token] = share;
      left -= share;
    }
    shares[random.nextInt(shares.length)] += left;
    float[] row = new float[shares.length];
    for (int token = 0; token < row.length; token++) {
      row[token] = shares[token] / (float) (1 << 20);
    }
    return row;
  }

  private static Set<Integer> sorted(float[] row, Parameters parameters) {
    List<Integer> order =
        IntStream.range(0, row.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer token) -> -row[token]))
            .toList();
    double largest = row[order.getFirst()];
    order =
        order.stream()
            .filter(token -> row[token] > 0 && row[token] >= parameters.minP() * largest)
            .limit(parameters.topK() > 0 ? parameters.topK() : row.length)
            .toList();
    double total = order.stream().mapToDouble(token -> row[token]).sum();
    Set<Integer> kept = new TreeSet<>();
    double mass = 0;
    for (int token : order) {
      if (mass < parameters.topP() * total || parameters.topP() == 1) {
        kept.add(token);
        mass += row[token];
      }
    }
    return kept;
  }

  private static Set<Integer> kept(float[] row, Parameters parameters) {
    Truncation truncation = new Truncation(row.length);
    truncation.truncate(FloatBuffer.wrap(row), 0, parameters.request(PROMPT, 1, 1));
    Set<Integer> kept = new TreeSet<>();
    List<TokenEvent.TopLogprob> all =
        IntStream.range(0, row.length)
            .mapToObj(token -> new TokenEvent.TopLogprob(token, 0))
            .toList();
    truncation
        .renormalized(new Sampler.Sample(0, 0, all))
        .top()
        .forEach(one -> kept.add(one.token()));
    return kept;
  }
}

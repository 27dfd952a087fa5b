package dev.freshet.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.model.ComputeCrew;
import dev.freshet.model.Torch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** Draws from distributions that are known; seeded, so that a pass is a pass for ever. */
class SamplerTest {
  private static final double[] PROBABILITIES = {0.05, 0.4, 0.1, 0.3, 0.15};
  private static final int DRAWS = 40_000;
  private static final Sampler SAMPLER = new Sampler(ComputeCrew.ALONE);

  /** More than five standard deviations of a frequency of {@value #DRAWS} draws. */
  private static final double CLOSE = 0.0126;

  @Test
  void withoutTruncationTokenFrequenciesMatchTheProbabilities() {
    assertFrequencies(frequencies(1, 1, 0), PROBABILITIES);
    assertFrequencies(frequencies(1, 1, 5), PROBABILITIES);
    assertFrequencies(frequencies(1, 1, 50), PROBABILITIES);
  }

  @Test
  void theTemperatureDividesTheLogits() {
    assertFrequencies(frequencies(0.5, 1, 0), normalised(2, PROBABILITIES));
    assertFrequencies(frequencies(2, 1, 0), normalised(0.5, PROBABILITIES));
  }

  @Test
  void topKKeepsTheMostLikelyInProportion() {
    assertFrequencies(frequencies(1, 1, 2), normalised(1, 0, 0.4, 0, 0.3, 0));
    assertFrequencies(frequencies(1, 1, 1), normalised(1, 0, 1, 0, 0, 0));
  }

  @Test
  void topPKeepsTheSmallestSetOfTheMostLikelyThatHoldsTheMass() {
    assertFrequencies(frequencies(1, 0.69, 0), normalised(1, 0, 0.4, 0, 0.3, 0));
    assertFrequencies(frequencies(1, 0.71, 0), normalised(1, 0, 0.4, 0, 0.3, 0.15));
    assertFrequencies(frequencies(1, 0.2, 0), normalised(1, 0, 1, 0, 0, 0));
  }

  @Test
  void topPAppliesToTheMassThatTopKLeft() {
    // Of 0.4, 0.3, 0.15: the first two hold 0.82.
    assertFrequencies(frequencies(1, 0.8, 3), normalised(1, 0, 0.4, 0, 0.3, 0));
    assertFrequencies(frequencies(1, 0.84, 3), normalised(1, 0, 0.4, 0, 0.3, 0.15));
  }

  @Test
  void theLogprobIsOverTheWholeVocabularyAtTemperatureOne() {
    try (PointerScope _ = new PointerScope()) {
      Sampler.Sample sample = sample(logits(1), request(0.5, 0.2, 1, 5), 1).getFirst();

      assertThat(sample.token()).isEqualTo(1);
      assertThat((double) sample.logprob()).isCloseTo(Math.log(0.4), within(1e-5));
      assertThat(sample.top())
          .extracting(TokenEvent.TopLogprob::token)
          .containsExactly(1, 3, 4, 2, 0);
      assertThat((double) sample.top().get(4).logprob()).isCloseTo(Math.log(0.05), within(1e-5));
    }
  }

  @Test
  void amongEqualTokensTheFirstIsGreedyAndListedFirst() {
    try (PointerScope _ = new PointerScope()) {
      Tensor logits = Torch.floats(new float[] {1, 3, 3, 2, 3, 3}, 1, 6);

      Sampler.Sample sample = sample(logits, request(0, 1, 0, 3), 1).getFirst();

      assertThat(sample.token()).isEqualTo(1);
      assertThat(sample.top()).extracting(TokenEvent.TopLogprob::token).containsExactly(1, 2, 4);
    }
  }

  @Test
  void aRowAmongManyOfALargeVocabularyIsSampledAsAlone() {
    int rows = 40;
    int vocab = 1 << 16;
    float[] values = new float[rows * vocab];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-4, 4);
    }
    for (GenerationRequest request :
        List.of(request(0, 1, 0, 2), request(1, 1, 0, 0), request(0.7, 0.9, 50, 3))) {
      try (PointerScope _ = new PointerScope()) {
        List<Sampler.Sample> together =
            SAMPLER.sample(Torch.floats(values, rows, vocab), sequences(request, rows));

        List<Sampler.Sample> alone = new ArrayList<>();
        List<Sequence> sequences = sequences(request, rows);
        for (int row = 0; row < rows; row++) {
          float[] own = Arrays.copyOfRange(values, row * vocab, (row + 1) * vocab);
          alone.addAll(SAMPLER.sample(Torch.floats(own, 1, vocab), List.of(sequences.get(row))));
        }
        assertThat(together).isEqualTo(alone);
      }
    }
  }

  @Test
  void aTokenOfNoProbabilityIsNeverDrawn() {
    try (PointerScope _ = new PointerScope()) {
      float never = Float.NEGATIVE_INFINITY;
      float[] row = {never, 0, never, 0, never};
      float[] rows = new float[5 * 2000];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = row[i % 5];
      }
      for (GenerationRequest request : List.of(request(1, 1, 0, 0), request(1, 0.999, 4, 0))) {
        assertThat(sample(Torch.floats(rows, 2000, 5), request, 2000))
            .extracting(Sampler.Sample::token)
            .containsOnly(1, 3);
      }
    }
  }

  private static void assertFrequencies(double[] found, double... expected) {
    assertThat(found).containsExactly(expected, within(CLOSE));
    for (int token = 0; token < expected.length; token++) {
      if (expected[token] == 0) {
        assertThat(found[token]).as("token %d", token).isZero();
      }
    }
  }

  private static double[] frequencies(double temperature, double topP, int topK) {
    try (PointerScope _ = new PointerScope()) {
      double[] frequencies = new double[PROBABILITIES.length];
      for (Sampler.Sample one : sample(logits(DRAWS), request(temperature, topP, topK, 0), DRAWS)) {
        frequencies[one.token()] += 1.0 / DRAWS;
      }
      return frequencies;
    }
  }

  private static Tensor logits(int rows) {
    float[] logits = new float[rows * PROBABILITIES.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) Math.log(PROBABILITIES[i % PROBABILITIES.length]) + 3;
    }
    return Torch.floats(logits, rows, PROBABILITIES.length);
  }

  private static List<Sampler.Sample> sample(Tensor logits, GenerationRequest request, int rows) {
    return SAMPLER.sample(logits, sequences(request, rows));
  }

  /** Sequences of one request, each with a random source of its own. */
  private static List<Sequence> sequences(GenerationRequest request, int rows) {
    List<Sequence> sequences = new ArrayList<>();
    SplittableRandom seeds = new SplittableRandom(42);
    for (int row = 0; row < rows; row++) {
      sequences.add(new Sequence(request, Optional.empty(), _ -> {}, seeds.split(), 1, 0, _ -> {}));
    }
    return sequences;
  }

  private static GenerationRequest request(double temperature, double topP, int topK, int top) {
    return Fixture.request(
        new int[] {0}, 1, temperature, topP, topK, OptionalLong.empty(), Set.of(), top);
  }

  /** Probabilities raised to a power and made to add up to 1. */
  private static double[] normalised(double power, double... values) {
    double[] powers = java.util.Arrays.stream(values).map(p -> Math.pow(p, power)).toArray();
    double total = java.util.Arrays.stream(powers).sum();
    return java.util.Arrays.stream(powers).map(p -> p / total).toArray();
  }
}

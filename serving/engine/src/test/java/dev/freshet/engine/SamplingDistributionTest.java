package dev.freshet.engine;

import static dev.freshet.engine.SamplingRows.sequence;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.engine.SamplingRows.Parameters;
import dev.freshet.wire.LogitRules;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Draws for each sampling parameter, and for combinations that tell the order in which they apply,
 * against exactly computed probabilities. Seeded, so that a pass is a pass for ever.
 */
class SamplingDistributionTest {
  private static final int VOCAB = 700;
  private static final int DRAWS = 20_000;
  private static final int ROWS = 500;
  private static final int[] PROMPT = {3, 17, 3, 40, 5, 6, 7};
  private static final int[] GENERATED = {17, 17, 3, 99, 100, 101, 17};

  private static final LogitRules BIAS = rules(0, Map.of(3, 4.0, 60, -100.0, 61, 2.5), 1, 0, 0);
  private static final LogitRules ALL_RULES =
      rules(20, Map.of(3, 4.0, 17, 6.0, 99, -3.0), 1.3, 0.4, 0.7);

  static Stream<Parameters> parameters() {
    Parameters plain = Parameters.PLAIN;
    return Stream.of(
        plain,
        Parameters.at(0.6),
        Parameters.at(1.7),
        plain.topK(1),
        plain.topK(5),
        plain.topK(80),
        plain.topK(VOCAB),
        plain.topK(VOCAB + 1),
        plain.topP(0.5),
        plain.topP(0.9),
        plain.topP(0.999),
        plain.topP(1e-9),
        plain.minP(0.05),
        plain.minP(0.5),
        plain.minP(1),
        plain.rules(BIAS),
        plain.rules(rules(0, Map.of(), 1.5, 0, 0)),
        plain.rules(rules(0, Map.of(), 0.7, 0, 0)),
        plain.rules(rules(0, Map.of(), 1, 0.8, 0)),
        plain.rules(rules(0, Map.of(), 1, -0.5, 0)),
        plain.rules(rules(0, Map.of(), 1, 0, 1.5)),
        plain.rules(rules(0, Map.of(), 1, 0, -2)),
        plain.rules(rules(8, Map.of(), 1, 0, 0)).stopTokens(3, 17, 60, VOCAB + 5),
        plain.rules(rules(7, Map.of(), 1, 0, 0)).stopTokens(3, 17, 60),
        Parameters.at(0.8).topK(30).topP(0.8),
        Parameters.at(0.8).topK(30).topP(0.8).minP(0.1),
        Parameters.at(1.5).topP(0.7).minP(0.02),
        Parameters.at(1.5).topK(4).minP(0.9),
        plain.rules(ALL_RULES).stopTokens(61, 62),
        Parameters.at(0.7).topK(40).topP(0.9).minP(0.03).rules(ALL_RULES).stopTokens(3));
  }

  @ParameterizedTest
  @MethodSource("parameters")
  void tokensAreDrawnInProportionToTheExactProbabilities(Parameters parameters) {
    float[] logits = SamplingRows.normal(VOCAB, 2.5, 9);
    double[] exact = ExactDistribution.of(logits, parameters, PROMPT, GENERATED);
    int[] counts = new int[VOCAB];
    SplittableRandom seeds = new SplittableRandom(parameters.toString().length());
    for (int drawn = 0; drawn < DRAWS; drawn += ROWS) {
      List<Sequence> sequences = new ArrayList<>();
      for (int row = 0; row < ROWS; row++) {
        sequences.add(sequence(parameters, seeds.nextLong(), PROMPT, GENERATED));
      }
      SamplingRows.sample(logits, sequences).forEach(sample -> counts[sample.token()]++);
    }

    assertThat(standardizedChiSquare(counts, exact)).isLessThan(4);
  }

  @ParameterizedTest
  @MethodSource("parameters")
  void processedLogprobsAreThoseOfTheExactDistribution(Parameters parameters) {
    float[] logits = SamplingRows.normal(VOCAB, 2.5, 10);
    double[] exact = ExactDistribution.of(logits, parameters, PROMPT, GENERATED);
    long possible = Arrays.stream(exact).filter(probability -> probability > 0).count();
    for (int seed = 0; seed < 20; seed++) {
      Sampler.Sample sample =
          SamplingRows.sample(logits, sequence(parameters.processed(20), seed, PROMPT, GENERATED));

      assertThat((double) sample.logprob())
          .isCloseTo(Math.log(exact[sample.token()]), within(1e-4));
      assertThat(sample.top()).hasSize((int) Math.min(20, possible));
      double before = Double.POSITIVE_INFINITY;
      for (TokenEvent.TopLogprob one : sample.top()) {
        assertThat((double) one.logprob()).isCloseTo(Math.log(exact[one.token()]), within(1e-4));
        assertThat((double) one.logprob()).isLessThanOrEqualTo(before);
        before = one.logprob();
      }
    }
  }

  /** A trainer takes a logprob above 0 for a fault, however small it is. */
  @ParameterizedTest
  @MethodSource("parameters")
  void noLogprobIsAboveZero(Parameters parameters) {
    for (int seed = 0; seed < 200; seed++) {
      float[] logits = SamplingRows.normal(VOCAB, 0.1 + 0.1 * seed, seed);
      for (Parameters one :
          List.of(parameters.processed(20), parameters.topK(1).processed(20), parameters)) {
        Sampler.Sample sample = SamplingRows.sample(logits, sequence(one, seed, PROMPT, GENERATED));

        assertThat(sample.logprob()).isLessThanOrEqualTo(0);
        assertThat(sample.top()).allMatch(top -> top.logprob() <= 0);
      }
    }
  }

  /**
   * How many standard deviations the chi-square statistic lies above its mean. Tokens that are
   * expected less than five times are one class; impossible ones must not occur.
   */
  private static double standardizedChiSquare(int[] counts, double[] exact) {
    double statistic = 0;
    int classes = 0;
    double rareExpected = 0;
    int rare = 0;
    for (int token = 0; token < counts.length; token++) {
      double expected = exact[token] * DRAWS;
      if (expected == 0) {
        assertThat(counts[token]).as("draws of token %d", token).isZero();
      } else if (expected < 5) {
        rareExpected += expected;
        rare += counts[token];
      } else {
        statistic += (counts[token] - expected) * (counts[token] - expected) / expected;
        classes++;
      }
    }
    if (rareExpected > 5) {
      statistic += (rare - rareExpected) * (rare - rareExpected) / rareExpected;
      classes++;
    } else {
      assertThat(rare).isLessThan(25);
    }
    int freedom = classes - 1;
    return freedom == 0 ? statistic : (statistic - freedom) / Math.sqrt(2.0 * freedom);
  }

  private static LogitRules rules(
      int minTokens,
      Map<Integer, Double> bias,
      double repetition,
      double frequency,
      double presence) {
    return new LogitRules(minTokens, bias, repetition, frequency, presence);
  }
}

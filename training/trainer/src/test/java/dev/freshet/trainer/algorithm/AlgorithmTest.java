package dev.freshet.trainer.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.config.ConfigLoader;
import dev.freshet.model.Torch;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The loss of a batch and its gradient, against {@code losses.json}: the formulas of the papers in
 * NumPy, and central differences. {@code src/test/python/make_losses.py} writes it.
 */
class AlgorithmTest {
  private static final JsonNode GOLDEN = golden();

  private static JsonNode golden() {
    try (InputStream in =
        Objects.requireNonNull(AlgorithmTest.class.getResourceAsStream("/losses.json"))) {
      return JsonMapper.shared().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Set<String> algorithms() {
    return new TreeSet<>(GOLDEN.get("algorithms").propertyNames());
  }

  @Test
  void everyAlgorithmIsInTheGoldenFile() {
    assertThat(algorithms())
        .containsAll(
            Arrays.stream(Algorithm.values())
                .map(algorithm -> algorithm.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet()));
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void theLossAndItsGradientAreThoseOfNumPy(String name) {
    JsonNode expected = GOLDEN.get("algorithms").get(name);
    try (PointerScope _ = new PointerScope()) {
      Tensor policy = vector("policy").set_requires_grad(true);

      Tensor loss = loss(name, policy);
      loss.backward();

      assertThat(loss.item_double()).isCloseTo(expected.get("loss").doubleValue(), within(1e-6));
      float[] gradient = Torch.toFloats(policy.grad());
      double[] differences = doubles(expected.get("gradient"));
      for (int i = 0; i < gradient.length; i++) {
        assertThat((double) gradient[i]).as("token %d", i).isCloseTo(differences[i], within(1e-6));
      }
    }
  }

  private static Tensor loss(String name, Tensor policy) {
    boolean sequence = name.equals("tis_sequence");
    PolicyLoss loss =
        ConfigLoader.load(
                AlgorithmConfig.class,
                Optional.empty(),
                sequence
                    ? Map.of("algorithm", "tis", "tis.level", "sequence")
                    : Map.of("algorithm", name))
            .loss();
    double[] lengths = doubles(GOLDEN.get("lengths"));
    double[] advantages = doubles(GOLDEN.get("advantages"));
    int n = Math.toIntExact(policy.size(0));
    float[] own = Torch.toFloats(policy.detach());
    float[] behaviour = Torch.toFloats(vector("behaviour"));
    float[] tokenAdvantages = new float[n];
    float[] tokens = new float[n];
    float[] logRatios = new float[n];
    int at = 0;
    for (int rollout = 0; rollout < lengths.length; rollout++) {
      int end = at + (int) lengths[rollout];
      float sum = 0;
      for (int i = at; i < end; i++) {
        sum += own[i] - behaviour[i];
      }
      Arrays.fill(tokenAdvantages, at, end, (float) advantages[rollout]);
      Arrays.fill(tokens, at, end, (float) lengths[rollout]);
      Arrays.fill(logRatios, at, end, loss.wholeSequences() ? sum : 0);
      at = end;
    }
    Tensor sequenceTokens = Torch.floats(tokens, n);
    PolicyLoss.Terms terms =
        loss.of(
            new PolicyTokens(
                policy,
                vector("behaviour"),
                Torch.floats(tokenAdvantages, n),
                sequenceTokens,
                Torch.floats(logRatios, n)));
    return loss.mean().of(terms.loss(), sequenceTokens, new LossMean.BatchSize(lengths.length, n));
  }

  private static Tensor vector(String name) {
    double[] values = doubles(GOLDEN.get(name));
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return Torch.floats(floats, floats.length);
  }

  private static double[] doubles(JsonNode list) {
    double[] values = new double[list.size()];
    Arrays.setAll(values, i -> list.get(i).doubleValue());
    return values;
  }
}

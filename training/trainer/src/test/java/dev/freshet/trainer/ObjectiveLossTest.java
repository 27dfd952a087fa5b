package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.config.ConfigLoader;
import dev.freshet.model.Torch;
import dev.freshet.trainer.algorithm.AlgorithmConfig;
import dev.freshet.trainer.algorithm.LossMean;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The loss of every algorithm with the divergence from a reference policy, against {@code
 * losses.json}, which {@code src/test/python/make_losses.py} writes.
 */
class ObjectiveLossTest {
  private static final JsonNode GOLDEN = golden();

  private static JsonNode golden() {
    try (InputStream in =
        Objects.requireNonNull(ObjectiveLossTest.class.getResourceAsStream("/losses.json"))) {
      return JsonMapper.shared().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Set<String> algorithms() {
    return new TreeSet<>(GOLDEN.get("algorithms").propertyNames());
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void theDivergenceFromTheReferenceIsInTheLossOfEveryTokenAndInItsMean(String name) {
    JsonNode expected = GOLDEN.get("algorithms").get(name).get("with_kl");
    try (PointerScope _ = new PointerScope()) {
      Tensor policy = vector("policy").set_requires_grad(true);
      int n = Math.toIntExact(policy.size(0));
      TokenLoss.Scores scores =
          new TokenLoss.Scores(
              policy, Torch.floats(new float[n], n), Torch.floats(new float[n], n));
      LossMean.BatchSize size = new LossMean.BatchSize(GOLDEN.get("lengths").size(), n);
      StepSums sums = new StepSums();

      Tensor loss =
          new ObjectiveLoss(Objective.of(config(name)), size, 1, sums).of(targets(policy), scores);
      loss.backward();

      assertThat(loss.item_double()).isCloseTo(expected.get("loss").doubleValue(), within(1e-6));
      assertThat(sums.loss()).isEqualTo(loss.item_double());
      float[] gradient = Torch.toFloats(policy.grad());
      for (int i = 0; i < n; i++) {
        assertThat((double) gradient[i])
            .as("token %d", i)
            .isCloseTo(expected.get("gradient").get(i).doubleValue(), within(1e-6));
      }
    }
  }

  private static AlgorithmConfig config(String name) {
    boolean sequence = name.equals("tis_sequence");
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("algorithm", sequence ? "tis" : name);
    settings.put("kl_coefficient", GOLDEN.get("kl_coefficient").asString());
    if (sequence) {
      settings.put("tis.level", "sequence");
    }
    return ConfigLoader.load(AlgorithmConfig.class, Optional.empty(), settings);
  }

  private static Targets targets(Tensor policy) {
    int n = Math.toIntExact(policy.size(0));
    float[] advantages = new float[n];
    float[] tokens = new float[n];
    long[] sequences = new long[n];
    int at = 0;
    for (int rollout = 0; rollout < GOLDEN.get("lengths").size(); rollout++) {
      int end = at + GOLDEN.get("lengths").get(rollout).asInt();
      Arrays.fill(advantages, at, end, GOLDEN.get("advantages").get(rollout).floatValue());
      Arrays.fill(tokens, at, end, end - at);
      Arrays.fill(sequences, at, end, rollout);
      at = end;
    }
    return new Targets(
            Torch.longs(new long[n], n),
            vector("behaviour"),
            Torch.floats(advantages, n),
            Torch.longs(new long[n], n),
            Optional.empty(),
            new Targets.Sequences(
                Torch.longs(sequences, n), Torch.floats(tokens, n), Torch.floats(new float[n], n)),
            Optional.of(vector("reference")))
        .withPolicy(policy.detach());
  }

  private static Tensor vector(String name) {
    JsonNode values = GOLDEN.get(name);
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values.get(i).doubleValue();
    }
    return Torch.floats(floats, floats.length);
  }
}

package dev.freshet.trainer;

import dev.freshet.config.ConfigLoader;
import dev.freshet.model.Decoder;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelFamily;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Rope;
import dev.freshet.model.Torch;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.trainer.algorithm.Algorithm;
import dev.freshet.trainer.algorithm.AlgorithmConfig;
import dev.freshet.weights.DType;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A real decoder of 2 layers and hidden size 32 over 12 tokens. */
final class TinyModel {
  static final int VOCABULARY = 12;
  static final int MAX_LENGTH = 32;
  static final ModelConfig CONFIG =
      new ModelConfig(
          ModelFamily.LLAMA,
          VOCABULARY,
          32,
          64,
          2,
          4,
          2,
          8,
          1e-6,
          new Rope(10_000, new Rope.Default()),
          64,
          true,
          false,
          false,
          false,
          Collections.nCopies(2, OptionalInt.empty()),
          List.of(2),
          DType.F32);

  /** No warm-up, no decay, no weight decay, no clipping. */
  static final OptimizerConfig PLAIN = new OptimizerConfig(1e-2, 0, 0, 0.9, 0.99, 1e-8, 0, 1e9);

  static final Execution ONE_THREAD = new Execution(TrainingPrecision.FLOAT32, 1, false);

  private TinyModel() {}

  /** An algorithm with the default constants. */
  static AlgorithmConfig algorithm(Algorithm algorithm) {
    return ConfigLoader.load(
        AlgorithmConfig.class,
        Optional.empty(),
        Map.of("algorithm", algorithm.name().toLowerCase(Locale.ROOT)));
  }

  /** The objective of an algorithm with the default constants. */
  static Objective objective(Algorithm algorithm) {
    return Objective.of(algorithm(algorithm));
  }

  static ModelWeights weights() {
    return ModelWeights.random(CONFIG, 7);
  }

  static TrainableModel trainable(ModelWeights weights) {
    return new TrainableModel(weights, ONE_THREAD, PLAIN);
  }

  /** The logprobs of the whole vocabulary for each target of one sequence by itself. */
  static float[][] distributions(ModelWeights weights, Example example) {
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard();
        Decoder decoder = new Decoder(weights)) {
      float[] flat = Torch.toFloats(logprobs(decoder, List.of(new Row(List.of(example)))));
      float[][] rows = new float[flat.length / VOCABULARY][];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = Arrays.copyOfRange(flat, i * VOCABULARY, (i + 1) * VOCABULARY);
      }
      return rows;
    }
  }

  /** The logprobs of the whole vocabulary for each target, {@code [n, vocabSize]}. */
  static Tensor logprobs(Decoder decoder, List<Row> rows) {
    Tensor hidden = MicroBatch.of(rows).predicting(decoder);
    return torch.log_softmax(decoder.logits(hidden), 1);
  }

  /** The gradient of a sequence's mean negative logprob with respect to one parameter, flat. */
  static float[] gradient(ModelWeights weights, Example example, String name) {
    try (PointerScope _ = new PointerScope();
        ModelWeights own = weights.sharing();
        Decoder decoder = new Decoder(own)) {
      Tensor parameter = own.get(name).set_requires_grad(true);
      MicroBatch batch = MicroBatch.of(List.of(new Row(List.of(example))));
      Tensor logprobs = torch.log_softmax(decoder.logits(batch.predicting(decoder)), 1);
      logprobs.gather(1, batch.targets().tokens().unsqueeze(1)).mean().neg().backward();
      return Torch.toFloats(parameter.grad());
    }
  }

  /** The logprobs of the last {@code generated} tokens. */
  static float[] logprobs(ModelWeights weights, int[] tokens, int generated) {
    return logprobs(weights, tokens, generated, 1);
  }

  /** The logprobs of the last {@code generated} tokens at a temperature. */
  static float[] logprobs(ModelWeights weights, int[] tokens, int generated, double temperature) {
    float[][] rows = distributions(weights, example(tokens, generated));
    float[] logprobs = new float[generated];
    for (int i = 0; i < generated; i++) {
      double sum = 0;
      for (float logprob : rows[i]) {
        sum += Math.exp(logprob / temperature);
      }
      double logit = rows[i][tokens[tokens.length - generated + i]] / temperature;
      logprobs[i] = (float) (logit - Math.log(sum));
    }
    return logprobs;
  }

  /** A sequence whose last {@code targets} tokens are targets. */
  static Example example(int[] tokens, int targets) {
    int prompt = tokens.length - targets;
    return Example.supervised(
        Arrays.copyOf(tokens, prompt), Arrays.copyOfRange(tokens, prompt, tokens.length));
  }

  /** A rollout whose last tokens were generated with these logprobs. */
  static Rollout rollout(int[] tokens, float[] logprobs, double advantage) {
    return rollout(tokens, logprobs, advantage, 1);
  }

  /** A rollout whose last tokens were generated with these logprobs at a temperature. */
  static Rollout rollout(int[] tokens, float[] logprobs, double advantage, double temperature) {
    int prompt = tokens.length - logprobs.length;
    Trajectory trajectory =
        new Trajectory.Builder()
            .observe(Arrays.copyOf(tokens, prompt))
            .generate(
                Arrays.copyOfRange(tokens, prompt, tokens.length),
                logprobs,
                new int[logprobs.length])
            .build();
    return new Rollout(
        "r",
        "g",
        "reverse-text",
        "p",
        trajectory,
        0,
        advantage,
        "stop",
        1,
        0,
        SamplingDistribution.atTemperature(temperature));
  }

  /** A copy of every parameter. */
  static Map<String, List<Float>> copy(ModelWeights weights) {
    Map<String, List<Float>> copy = new LinkedHashMap<>();
    weights
        .tensors()
        .forEach(
            (name, tensor) -> {
              try (PointerScope _ = new PointerScope();
                  NoGradGuard _ = new NoGradGuard()) {
                float[] values = Torch.toFloats(tensor.detach());
                Float[] boxed = new Float[values.length];
                Arrays.setAll(boxed, i -> values[i]);
                copy.put(name, List.of(boxed));
              }
            });
    return copy;
  }
}

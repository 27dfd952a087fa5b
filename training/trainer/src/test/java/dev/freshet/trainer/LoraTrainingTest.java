package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.config.ConfigException;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.model.ConfigJson;
import dev.freshet.model.ImportedModel;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Parameters;
import dev.freshet.model.Torch;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trainer.LoraTrainingConfig.Publish;
import dev.freshet.trainer.algorithm.Algorithm;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The training of an adapter; its gradients are tested where the adapter is defined. */
@Timeout(120)
class LoraTrainingTest {
  private static final int[] GOOD = {1, 4, 5, 3, 5, 4, 2};
  private static final int[] BAD = {1, 4, 5, 3, 9, 9, 9};
  private static final List<Example> EXAMPLES =
      List.of(
          TinyModel.example(GOOD, 3),
          TinyModel.example(new int[] {1, 7, 3, 7, 2}, 2),
          TinyModel.example(new int[] {1, 8, 9, 3, 9, 8, 2}, 4));

  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({"1, false, FLOAT32", "2, false, FLOAT32", "1, true, FLOAT32", "1, false, BFLOAT16"})
  void onlyTheAdapterIsTrainedAndTheLossFalls(
      int threads, boolean recomputes, TrainingPrecision precision) {
    ModelWeights weights = lora(4, Publish.MERGED, "all-linear").applied(TinyModel.weights());
    Map<String, List<Float>> base = TinyModel.copy(weights);
    assertThat(ParameterBlock.elements(weights))
        .as("gradients and moments are those of the adapter")
        .isEqualTo(2 * 4 * (2 * (32 + 32) + 2 * (32 + 16) + 3 * (32 + 64)));
    try (TrainableModel model =
        new TrainableModel(
            weights, new Execution(precision, threads, recomputes), TinyModel.PLAIN)) {
      SupervisedTrainer trainer = new SupervisedTrainer(model, 16, 64, 0);
      double first = trainer.step(EXAMPLES);
      double last = first;
      for (int step = 1; step < 60; step++) {
        last = trainer.step(EXAMPLES);
      }

      assertThat(last).isLessThan(first / 2);
      assertThat(TinyModel.copy(weights)).isEqualTo(base);
      assertThat(weights.tensors().values()).noneMatch(Tensor::requires_grad);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, false, FLOAT32", "2, true, FLOAT32", "1, false, BFLOAT16"})
  void anAdapterOfTheTiedHeadAloneIsTrainedAndTheEmbeddingStays(
      int threads, boolean recomputes, TrainingPrecision precision) {
    ModelWeights weights = lora(4, Publish.ADAPTER, "lm_head").applied(TinyModel.weights());
    Map<String, List<Float>> base = TinyModel.copy(weights);
    assertThat(weights.trained().keySet())
        .containsExactly(
            "base_model.model.lm_head.lora_A.weight", "base_model.model.lm_head.lora_B.weight");
    try (TrainableModel model =
        new TrainableModel(
            weights, new Execution(precision, threads, recomputes), TinyModel.PLAIN)) {
      SupervisedTrainer trainer = new SupervisedTrainer(model, 16, 64, 0);
      double first = trainer.step(EXAMPLES);
      double last = first;
      for (int step = 1; step < 60; step++) {
        last = trainer.step(EXAMPLES);
      }

      assertThat(last).isLessThan(0.8 * first);
      assertThat(TinyModel.copy(weights)).isEqualTo(base);
    }
  }

  @Test
  void anAdapterOfATiedHeadCannotBePublishedMerged() {
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> lora(4, Publish.MERGED, "lm_head").applied(TinyModel.weights()))
        .withMessage(
            "trainer.lora.targets: lm_head cannot be published merged, because the model ties it"
                + " to its embedding: set trainer.lora.publish to adapter, or leave it out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"all-linear", "all-linear, lm_head"})
  void stepsAreAsGoodWithSeveralThreadsAndWithRecomputedActivations(String targets) {
    double one = lossAfterSteps(targets, new Execution(TrainingPrecision.FLOAT32, 1, false));
    double two = lossAfterSteps(targets, new Execution(TrainingPrecision.FLOAT32, 2, false));
    double recomputed = lossAfterSteps(targets, new Execution(TrainingPrecision.FLOAT32, 1, true));

    assertThat(two).isCloseTo(one, within(1e-4));
    assertThat(recomputed).isCloseTo(one, within(1e-4));
  }

  private static double lossAfterSteps(String targets, Execution execution) {
    ModelWeights weights =
        lora(4, Publish.ADAPTER, targets.split(", ")).applied(TinyModel.weights());
    OptimizerConfig smooth = new OptimizerConfig(1e-1, 0, 0, 0.9, 0.99, 1, 0, 1e9);
    try (TrainableModel model = new TrainableModel(weights, execution, smooth)) {
      SupervisedTrainer trainer = new SupervisedTrainer(model, 16, 64, 0);
      trainer.step(EXAMPLES);
      trainer.step(EXAMPLES);
      return trainer.step(EXAMPLES);
    }
  }

  @Test
  void aMergedStepIsAWholeCheckpointAndEqualsTheBaseWithTheAdapterOfTheSameRun()
      throws IOException {
    CheckpointStore merged = run("merged", Publish.MERGED);
    CheckpointStore adapters = run("adapter", Publish.ADAPTER);

    assertThat(merged.steps()).containsExactly(0L, 1L, 2L);
    assertThat(adapters.steps()).containsExactly(0L, 1L, 2L);
    assertThat(files(merged.path(2)))
        .containsExactly(
            "STABLE", "config.json", "manifest.json", "model.safetensors", "tokenizer.json");
    assertThat(files(adapters.path(2)))
        .containsExactly(
            "STABLE", "adapter_config.json", "adapter_model.safetensors", "manifest.json");
    assertThat(Files.readString(adapters.path(2).resolve("adapter_config.json")))
        .contains("\"base_model_name_or_path\" : \"" + adapters.path(0) + "\"");

    Map<String, float[]> before = tensors(merged.path(0));
    Map<String, float[]> after = tensors(merged.path(2));
    Map<String, float[]> sum = sum(adapters.path(0), adapters.path(2));
    before.forEach(
        (name, values) -> {
          if (name.endsWith("q_proj.weight") || name.endsWith("down_proj.weight")) {
            assertThat(after.get(name)).as(name).isNotEqualTo(values);
          } else {
            assertThat(after.get(name)).as(name).isEqualTo(values);
          }
          assertThat(after.get(name)).as(name).containsExactly(sum.get(name), within(1e-6f));
        });
  }

  @Test
  void anUnknownTargetIsRefusedByItsKey() {
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> lora(4, Publish.MERGED, "query").applied(TinyModel.weights()))
        .withMessage(
            "trainer.lora.targets: target 'query' is not a layer that can be adapted: expected"
                + " all-linear or some of [down_proj, gate_proj, k_proj, lm_head, o_proj, q_proj,"
                + " up_proj, v_proj]");
  }

  private static LoraTrainingConfig lora(int rank, Publish publish, String... targets) {
    return new LoraTrainingConfig(rank, 2 * rank, false, List.of(targets), publish);
  }

  /** Two steps of a run that adapts two kinds of layers. */
  private CheckpointStore run(String name, Publish publish) throws IOException {
    Path run = dir.resolve(name);
    CheckpointStore weights = new CheckpointStore(run.resolve("weights"));
    BatchStore batches = new BatchStore(run.resolve("rollouts"));
    try (ModelWeights base = TinyModel.weights()) {
      Map<String, byte[]> files =
          Map.of("config.json", ConfigJson.write(TinyModel.CONFIG), "tokenizer.json", new byte[0]);
      weights.publish(0, 0, base.views(), files);
      for (long step = 1; step <= 2; step++) {
        batches.write(
            new TrainingBatch(
                step,
                List.of(
                    TinyModel.rollout(GOOD, TinyModel.logprobs(base, GOOD, 3), 1),
                    TinyModel.rollout(BAD, TinyModel.logprobs(base, BAD, 3), -1))));
      }
    }
    try (MetricsFile metrics = MetricsFile.open(run, "trainer", InstantSource.system());
        TrainerLoop loop =
            new TrainerLoop(
                config(lora(4, publish, "q_proj", "down_proj")),
                2,
                false,
                weights,
                new CheckpointStore(run.resolve("checkpoints")),
                batches,
                new EventLog(_ -> {}, MonotonicClock.SYSTEM),
                metrics,
                new TrainerMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM))) {
      loop.run(_ -> {});
    }
    return weights;
  }

  private static TrainerConfig config(LoraTrainingConfig lora) {
    OptimizerConfig plain = TinyModel.PLAIN;
    return new TrainerConfig(
        TinyModel.algorithm(Algorithm.GRPO),
        plain.lr(),
        plain.warmupSteps(),
        plain.beta1(),
        plain.beta2(),
        plain.eps(),
        plain.weightDecay(),
        plain.maxGradNorm(),
        TinyModel.MAX_LENGTH,
        4 * TinyModel.MAX_LENGTH,
        TrainingPrecision.FLOAT32,
        false,
        1,
        3,
        "",
        60,
        1,
        1,
        60,
        0.5,
        "127.0.0.1",
        0,
        lora);
  }

  private static List<String> files(Path step) throws IOException {
    try (Stream<Path> files = Files.list(step)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static Map<String, float[]> tensors(Path step) {
    try (Checkpoint checkpoint = CheckpointStore.openVerified(step);
        ModelWeights weights =
            ModelWeights.over(Parameters.of(ConfigJson.read(step), checkpoint))) {
      return floats(weights);
    }
  }

  private static Map<String, float[]> sum(Path base, Path adapter) {
    Path to = adapter.resolveSibling("sum");
    try (ImportedModel model = ImportedModel.open(base, Optional.empty())) {
      CheckpointStore.publishBase(to, model.with(adapter).tensors(), model.files());
    }
    return tensors(to);
  }

  private static Map<String, float[]> floats(ModelWeights weights) {
    Map<String, float[]> floats = new LinkedHashMap<>();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      weights.tensors().forEach((name, tensor) -> floats.put(name, Torch.toFloats(tensor)));
    }
    return floats;
  }
}

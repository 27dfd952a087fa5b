package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorSource;
import dev.freshet.weights.TensorView;
import dev.freshet.weights.gguf.GgufFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Adapters that PEFT wrote, against values that PEFT computed with them in 32-bit floats. */
class LoraAdapterTest {
  private static final Path ADAPTERS = Path.of("src/test/adapters");
  private static final double TOLERANCE = 1e-4;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-rslora", "llama-patterns", "phi3", "qwen2", "qwen2-head"})
  void anAdapterBesideLinearLayersGivesTheLogitsOfPeft(String name) {
    try (ModelWeights weights = adapted(name);
        Decoder plain = new Decoder(weights);
        Decoder packed =
            new Decoder(weights, PackedLinear::new, PackedLinear::new, Pointwise.torch())) {
      assertLogits(name, plain);
      assertLogits(name, packed);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-rslora", "llama-patterns", "phi3", "qwen2", "qwen2-head"})
  void anAdapterOfSomeRowsGivesThemTheLogitsOfPeftAndLeavesTheOthersAlone(String name) {
    int[] ids = ids(name);
    RowAdapters rows = new RowAdapters();
    for (Linear.Maker linears : List.<Linear.Maker>of(PlainLinear::new, PackedLinear::new)) {
      try (PointerScope _ = new PointerScope();
          NoGradGuard _ = new NoGradGuard();
          ModelWeights weights = base(name);
          LoraProducts products = products(name, linears);
          Decoder base = new Decoder(weights, linears, linears, Pointwise.torch());
          Decoder decoder =
              new Decoder(weights, rows.beside(linears), rows.beside(linears), Pointwise.torch())) {
        Tensor unadapted = logits(base, ids, 3);

        // The rows of three copies of the prompt lie one after another; the middle one is adapted.
        List<RowAdapters.Group> middle =
            List.of(new RowAdapters.Group(products, ids.length, ids.length));
        Tensor logits = rows.with(middle, () -> logits(decoder, ids, 3));

        assertLogits(name, logits.narrow(0, ids.length, ids.length));
        for (int copy : new int[] {0, 2}) {
          long from = (long) copy * ids.length;
          assertThat(Torch.toFloats(logits.narrow(0, from, ids.length)))
              .containsExactly(Torch.toFloats(unadapted.narrow(0, from, ids.length)));
        }
        assertThat(Torch.toFloats(logits(decoder, ids, 3)))
            .as("without adapters")
            .containsExactly(Torch.toFloats(unadapted));
      }
    }
  }

  private static LoraProducts products(String name, Linear.Maker linears) {
    ModelConfig model = ConfigJson.read(GoldenModelTest.FIXTURES.resolve(baseName(name)));
    try (Checkpoint checkpoint = Checkpoint.open(ADAPTERS.resolve(name))) {
      return new LoraProducts(
          LoraParameters.of(model, checkpoint), ScalarType.Float, linears, linears);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-rslora", "llama-patterns", "phi3", "qwen2"})
  void aCheckpointWithAnAdapterMergedGivesTheLogitsOfPeft(String name) {
    Map<String, byte[]> files =
        CheckpointStore.sideFiles(GoldenModelTest.FIXTURES.resolve(baseName(name)));
    try (ModelWeights weights = adapted(name)) {
      List<TensorSource> merged = weights.merged();
      CheckpointStore.publishBase(dir.resolve("merged"), merged, files);
    }
    try (Checkpoint checkpoint = CheckpointStore.openVerified(dir.resolve("merged"));
        ModelWeights weights =
            ModelWeights.over(Parameters.of(ConfigJson.read(dir.resolve("merged")), checkpoint));
        Decoder decoder = new Decoder(weights)) {
      assertLogits(name, decoder);
    }
  }

  @Test
  void theSumWithWeightsInBfloat16IsTheSumIn32BitFloatsRoundedOnce() {
    try (Checkpoint rounded = sum(Optional.empty());
        Checkpoint exact = sum(Optional.of(DType.F32))) {
      rounded
          .tensors()
          .forEach(
              (name, view) -> {
                assertThat(view.dtype()).isEqualTo(DType.BF16);
                assertRounded(
                    name, floats(view), floats(Objects.requireNonNull(exact.tensors().get(name))));
              });
    }
  }

  /** An adapter and a base model in bfloat16, imported in a type. */
  private Checkpoint sum(Optional<DType> type) {
    Path base = GoldenModelTest.FIXTURES.resolve("tiny-llama-bf16");
    Path to = dir.resolve("sum-" + type.map(DType::toString).orElse("stored"));
    try (ImportedModel model = ImportedModel.open(base, type)) {
      CheckpointStore.publishBase(
          to, model.with(ADAPTERS.resolve("llama")).tensors(), model.files());
    }
    return CheckpointStore.openVerified(to);
  }

  private static float[] floats(TensorView view) {
    try (PointerScope _ = new PointerScope()) {
      return Torch.toFloats(Torch.over(view.data(), Torch.scalarType(view.dtype()), view.shape()));
    }
  }

  /** Half of bfloat16's last bit, and the rounding of the sum in 32-bit floats. */
  private static void assertRounded(String name, float[] rounded, float[] exact) {
    for (int i = 0; i < exact.length; i++) {
      assertThat(rounded[i])
          .as("%s, element %d", name, i)
          .isCloseTo(exact[i], within(Math.abs(exact[i]) / 250 + 1e-6f));
    }
  }

  @ParameterizedTest
  @CsvSource({"llama, false", "llama-rslora, false", "phi3, false", "llama, true"})
  void anImportWithAnAdapterGivesTheLogitsOfPeft(String name, boolean gguf) throws IOException {
    Path base = GoldenModelTest.FIXTURES.resolve(baseName(name));
    Path source = gguf ? GgufFixture.of(base).write(dir.resolve("m.gguf")) : base;
    try (ImportedModel model = ImportedModel.open(source, Optional.of(DType.F32))) {
      ImportedModel sum = model.with(ADAPTERS.resolve(name));
      CheckpointStore.publishBase(dir.resolve("imported"), sum.tensors(), sum.files());
    }
    try (Checkpoint checkpoint = CheckpointStore.openVerified(dir.resolve("imported"));
        ModelWeights weights =
            ModelWeights.over(Parameters.of(ConfigJson.read(dir.resolve("imported")), checkpoint));
        Decoder decoder = new Decoder(weights)) {
      assertLogits(name, decoder);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-rslora", "llama-patterns", "phi3", "qwen2", "qwen2-head"})
  void onlyTheMatricesOfTheAdapterAreTrainedAndTheirGradientsAreThoseOfPeft(String name) {
    int[] ids = ids(name);
    try (PointerScope _ = new PointerScope();
        ModelWeights weights = adapted(name);
        Decoder decoder = new Decoder(weights)) {
      weights.trained().values().forEach(matrix -> matrix.set_requires_grad(true));
      long[] next = Arrays.stream(ids).skip(1).asLongStream().toArray();
      Tensor logprobs =
          torch
              .log_softmax(logits(decoder, ids), 1)
              .narrow(0, 0, next.length)
              .gather(1, Torch.longs(next, next.length, 1));
      logprobs.mean().neg().backward();

      JsonNode expected = golden(name).get("gradients");
      assertThat(weights.trained().keySet())
          .containsExactlyInAnyOrderElementsOf(expected.propertyNames());
      weights
          .trained()
          .forEach(
              (matrix, tensor) ->
                  GoldenModelTest.assertGradient(matrix, tensor, expected.get(matrix)));
      assertThat(weights.tensors().values()).noneMatch(tensor -> tensor.grad().defined());
    }
  }

  @Test
  void aNewAdapterChangesNothingAndReadsBackAsItWasWritten() {
    ModelConfig model = ConfigJson.read(GoldenModelTest.FIXTURES.resolve("tiny-llama"));
    LoraConfig config = new LoraConfig(3, 6, true);
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard();
        ModelWeights weights = base("llama");
        Decoder decoder = new Decoder(weights);
        ModelWeights adapted =
            ModelWeights.adapted(
                base("llama"),
                LoraAdapter.initial(model, config, List.of(LoraAdapter.ALL_LINEAR), 5));
        Decoder beside = new Decoder(adapted)) {
      assertThat(Torch.toFloats(logits(beside, ids("llama"))))
          .containsExactly(Torch.toFloats(logits(decoder, ids("llama"))));

      LoraAdapter written = adapted.adapter().orElseThrow();
      new CheckpointStore(dir).publishAdapter(4, 3, written.views(), written.files("a model"));
      Path step = dir.resolve("step_4");
      assertThat(step.resolve("adapter_model.safetensors")).exists();
      try (Checkpoint checkpoint = CheckpointStore.openVerified(step);
          LoraAdapter read =
              LoraAdapter.copyOf(LoraParameters.of(model, checkpoint), ScalarType.Float)) {
        assertThat(LoraJson.read(step)).isEqualTo(new LoraSizes(config));
        assertThat(read.tensors().keySet()).isEqualTo(written.tensors().keySet());
        written
            .tensors()
            .forEach(
                (name, tensor) ->
                    assertThat(Torch.toFloats(Objects.requireNonNull(read.tensors().get(name))))
                        .as(name)
                        .containsExactly(Torch.toFloats(tensor)));
      }
      JsonNode json = JSON.readTree(step.resolve("adapter_config.json").toFile());
      assertThat(json.get("target_modules").valueStream().map(JsonNode::asString))
          .containsExactly(
              "down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj");
    }
  }

  @Test
  void ranksAndAlphasByPatternReadBackInTheirOrder() throws IOException {
    Map<String, Integer> ranks = new LinkedHashMap<>();
    ranks.put("v_proj", 5);
    ranks.put("[qv]_proj", 2);
    LoraSizes sizes = new LoraSizes(new LoraConfig(3, 6, false), ranks, Map.of("down_proj", 1.5));
    Files.write(dir.resolve("adapter_config.json"), LoraJson.write(sizes, List.of(), "a model"));

    LoraSizes read = LoraJson.read(dir);

    assertThat(read).isEqualTo(sizes);
    assertThat(read.of("model.layers.0.self_attn.v_proj").rank()).isEqualTo(5);
    assertThat(read.of("model.layers.0.self_attn.q_proj").rank()).isEqualTo(2);
    assertThat(read.of("model.layers.0.mlp.down_proj").scale()).isEqualTo(0.5);
    assertThat(read.of("model.layers.0.self_attn.own_v_proj")).isEqualTo(sizes.common());
  }

  @Test
  void aTargetThatTheModelLacksIsRefusedWithTheTargetsThatItHas() {
    ModelConfig model = ConfigJson.read(GoldenModelTest.FIXTURES.resolve("tiny-phi3-window"));
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(
            () -> LoraAdapter.initial(model, new LoraConfig(2, 2, false), List.of("q_proj"), 0))
        .withMessage(
            "target 'q_proj' is not a layer that can be adapted: expected all-linear or some of"
                + " [down_proj, gate_up_proj, lm_head, o_proj, qkv_proj]");
  }

  @Test
  void anAdapterOfATiedHeadIsNotMergedIntoAWholeCheckpoint() {
    Path base = GoldenModelTest.FIXTURES.resolve("tiny-qwen2");
    Path adapted = ADAPTERS.resolve("qwen2-head");
    try (ModelWeights beside = adapted("qwen2-head");
        ImportedModel model = ImportedModel.open(base, Optional.empty())) {
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(beside::merged)
          .withMessageContaining("lm_head");
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(() -> model.with(adapted))
          .withMessageContaining(
              adapted + ": cannot add an adapter of lm_head to the weights of a model whose");
    }
  }

  @Test
  void anAdapterThatPeftTiesToTheEmbeddingIsRefused() throws IOException {
    Path tied = Files.createDirectory(dir.resolve("tied"));
    Path adapter = ADAPTERS.resolve("qwen2-head");
    ObjectNode json = (ObjectNode) JSON.readTree(adapter.resolve("adapter_config.json").toFile());
    json.put("ensure_weight_tying", true);
    Files.writeString(tied.resolve("adapter_config.json"), json.toString());
    Files.copy(
        adapter.resolve("adapter_model.safetensors"), tied.resolve("adapter_model.safetensors"));
    assertRefused("tiny-qwen2", tied, "ensure_weight_tying with an adapter of lm_head");
  }

  @Test
  void theHeadThatPeftSavedWithAnAdapterMustHaveTheVocabularyOfTheModel() {
    assertRefused(
        "tiny-smollm3",
        ADAPTERS.resolve("qwen2-head"),
        "tensor base_model.model.lm_head.base_layer.weight has shape [512, 64]: expected");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "use_dora | true | 'use_dora' is not supported",
        "lora_bias | true | 'lora_bias' is not supported",
        "fan_in_fan_out | true | 'fan_in_fan_out' is not supported",
        "modules_to_save | [\"embed_tokens\"] | 'modules_to_save' is not supported",
        "rank_pattern | {\"layers.0.mlp.up_proj\": 2} | layers.0.mlp.up_proj.lora_A.weight has"
            + " shape [4, 64]: expected shape [2, 64]",
        "rank_pattern | {\"q_proj\": 0} | rank_pattern: r 0: expected at least 1",
        "rank_pattern | {\"q_proj(\": 4} | rank_pattern: Unclosed group: expected a regular"
            + " expression",
        "rank_pattern | [4] | rank_pattern is an array: expected an object",
        "alpha_pattern | {\"q_proj\": \"a\"} | alpha_pattern: q_proj is a string: expected a"
            + " number",
        "layer_replication | [[0, 1]] | 'layer_replication' is not supported",
        "trainable_token_indices | [1] | 'trainable_token_indices' is not supported",
        "a_setting_of_tomorrow | 3 | 'a_setting_of_tomorrow' is not supported",
        "bias | \"all\" | bias 'all' is not supported: expected none",
        "peft_type | \"IA3\" | peft_type 'IA3' is not supported: expected LORA",
        "init_lora_weights | \"pissa\" | init_lora_weights 'pissa' is not supported",
        "r | 0 | r 0: expected at least 1",
        "r | 5 | expected shape [5, 64]",
      })
  void aSettingThatIsNotImplementedIsRefusedByName(String key, String value, String message)
      throws IOException {
    ObjectNode json =
        (ObjectNode) JSON.readTree(ADAPTERS.resolve("llama/adapter_config.json").toFile());
    json.set(key, JSON.readTree(value));
    Files.writeString(dir.resolve("adapter_config.json"), json.toString());
    Files.copy(
        ADAPTERS.resolve("llama/adapter_model.safetensors"),
        dir.resolve("adapter_model.safetensors"));
    assertRefused("tiny-llama", dir, message);
  }

  @Test
  void anAdapterForAnotherModelIsRefusedByTheTensorThatDoesNotFit() {
    assertRefused(
        "tiny-phi3-window",
        ADAPTERS.resolve("llama"),
        "tensor base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight has shape [4, 64]:"
            + " expected shape [4, 32]");
    assertRefused(
        "tiny-llama",
        ADAPTERS.resolve("phi3"),
        "mlp.down_proj.lora_A.weight has shape [4, 48]: expected shape [4, 160]");
  }

  private static void assertRefused(String base, Path adapter, String message) {
    ModelConfig model = ConfigJson.read(GoldenModelTest.FIXTURES.resolve(base));
    try (Checkpoint checkpoint = Checkpoint.open(adapter)) {
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(() -> LoraParameters.of(model, checkpoint))
          .withMessageContaining(adapter.toString())
          .withMessageContaining(message);
    }
  }

  private static void assertLogits(String name, Decoder decoder) {
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      assertLogits(name, logits(decoder, ids(name)));
    }
  }

  private static void assertLogits(String name, Tensor all) {
    try (PointerScope _ = new PointerScope()) {
      JsonNode expected = golden(name).get("logits_first16");
      float[] logits = Torch.toFloats(all.narrow(1, 0, 16).contiguous());
      for (int i = 0; i < logits.length; i++) {
        assertThat((double) logits[i])
            .as("token %d, logit %d", i / 16, i % 16)
            .isCloseTo(expected.get(i / 16).get(i % 16).asDouble(), within(TOLERANCE));
      }
    }
  }

  /** The logits at every position, {@code [time, vocabSize]}. */
  private static Tensor logits(Decoder decoder, int[] ids) {
    return logits(decoder, ids, 1);
  }

  /** The same for copies of the sequence one after another in one row of tokens. */
  private static Tensor logits(Decoder decoder, int[] ids, int copies) {
    long[] positions = new long[copies * ids.length];
    long[] sequences = new long[positions.length];
    long[] tokens = new long[positions.length];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = i % ids.length;
      sequences[i] = i / ids.length;
      tokens[i] = ids[i % ids.length];
    }
    FullAttention attention =
        new FullAttention(
            decoder.config(),
            Torch.longs(positions, 1, positions.length),
            Torch.longs(sequences, 1, positions.length),
            ScalarType.Float);
    return decoder
        .logits(decoder.hidden(Torch.longs(tokens, 1, tokens.length), attention))
        .select(0, 0);
  }

  private static ModelWeights adapted(String name) {
    return ModelWeights.adapted(base(name), adapter(name));
  }

  private static ModelWeights base(String name) {
    return GoldenModelTest.load(baseName(name), 256);
  }

  private static LoraAdapter adapter(String name) {
    ModelConfig model = ConfigJson.read(GoldenModelTest.FIXTURES.resolve(baseName(name)));
    try (Checkpoint checkpoint = Checkpoint.open(ADAPTERS.resolve(name))) {
      return LoraAdapter.copyOf(LoraParameters.of(model, checkpoint), ScalarType.Float);
    }
  }

  private static int[] ids(String name) {
    return golden(name).get("input_ids").valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static String baseName(String name) {
    return golden(name).get("base").asString();
  }

  private static JsonNode golden(String name) {
    return JSON.readTree(ADAPTERS.resolve(name).resolve("golden.json").toFile());
  }
}

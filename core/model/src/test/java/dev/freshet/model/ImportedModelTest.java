package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.SafetensorsWriter;
import dev.freshet.weights.TensorSource;
import dev.freshet.weights.TensorView;
import dev.freshet.weights.gguf.GgufBuilder;
import dev.freshet.weights.gguf.GgufFixture;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Models of other programs, imported without loss or refused by name. */
class ImportedModelTest {
  private static final int F32 = 0;

  @TempDir Path dir;

  private Path gguf(String fixture) throws IOException {
    return GgufFixture.of(GoldenModelTest.FIXTURES.resolve(fixture)).write(dir.resolve("m.gguf"));
  }

  private static byte[] bytes(TensorSource tensor) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    tensor.<RuntimeException>forEachPiece(
        piece -> {
          byte[] copy = new byte[piece.remaining()];
          piece.get(copy);
          bytes.writeBytes(copy);
        });
    return bytes.toByteArray();
  }

  private static void assertSameTensors(ImportedModel imported, Path original) {
    Map<String, TensorSource> tensors = new HashMap<>();
    imported.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
    try (Checkpoint checkpoint = Checkpoint.open(original)) {
      assertThat(tensors.keySet()).isEqualTo(checkpoint.tensors().keySet());
      checkpoint
          .tensors()
          .forEach(
              (name, expected) -> {
                TensorSource found = Objects.requireNonNull(tensors.get(name));
                assertThat(found.dtype()).as(name).isEqualTo(expected.dtype());
                assertThat(bytes(found))
                    .as(name)
                    .isEqualTo(expected.data().toArray(ValueLayout.JAVA_BYTE));
              });
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tiny-llama",
        "tiny-llama-bf16",
        "tiny-llama-biases",
        "tiny-qwen2",
        "tiny-qwen3",
        "tiny-qwen3-untied-shards"
      })
  void aGgufFileOfAModelHasItsConfigurationAndItsTensorsBitForBit(String fixture)
      throws IOException {
    Path original = GoldenModelTest.FIXTURES.resolve(fixture);
    ModelConfig expected = ConfigJson.read(original);
    try (ImportedModel imported = ImportedModel.open(gguf(fixture), Optional.empty())) {
      assertThat(imported.config().differenceFrom(expected)).isEmpty();
      assertThat(imported.config().maxPositions()).isEqualTo(expected.maxPositions());
      assertThat(imported.config().dtype()).isEqualTo(expected.dtype());
      assertThat(imported.unusedLine()).isEmpty();
      assertSameTensors(imported, original);
    }
  }

  @Test
  void thePublishedFilesOfAGgufFileAreReadBackAsTheSameModel() throws IOException {
    Path target = dir.resolve("imported");
    try (ImportedModel imported = ImportedModel.open(gguf("tiny-llama"), Optional.empty())) {
      CheckpointStore.publishBase(target, imported.tensors(), imported.files());

      assertThat(ConfigJson.read(target)).isEqualTo(imported.config());
    }
    assertThat(ConfigJson.read(target).eosTokens()).containsExactly(2);
    CheckpointStore.verify(target);
  }

  @Test
  void severalEndTokensAreAllKept() throws IOException {
    Path file =
        GgufFixture.of(GoldenModelTest.FIXTURES.resolve("tiny-llama"))
            .key("tokenizer.ggml.eot_token_id", 5)
            .key("tokenizer.ggml.eom_token_id", 2)
            .write(dir.resolve("ends.gguf"));
    try (ImportedModel imported = ImportedModel.open(file, Optional.empty())) {
      assertThat(imported.config().eosTokens()).containsExactly(2, 5);
    }
  }

  @Test
  void anotherTypeIsWrittenOnRequest() throws IOException {
    Path original = GoldenModelTest.FIXTURES.resolve("tiny-llama-bf16");
    try (ImportedModel ofGguf =
            ImportedModel.open(gguf("tiny-llama-bf16"), Optional.of(DType.F32));
        ImportedModel ofDirectory = ImportedModel.open(original, Optional.of(DType.F32))) {
      CheckpointStore.publishBase(dir.resolve("a"), ofGguf.tensors(), ofGguf.files());
      CheckpointStore.publishBase(dir.resolve("b"), ofDirectory.tensors(), ofDirectory.files());
    }
    for (String name : List.of("a", "b")) {
      assertThat(ConfigJson.read(dir.resolve(name)).dtype()).isEqualTo(DType.F32);
      try (ImportedModel back = ImportedModel.open(dir.resolve(name), Optional.of(DType.BF16))) {
        assertSameTensors(back, original);
      }
    }
  }

  @Test
  void quantizedTensorsBecomeFloat32() throws IOException {
    Path file = quantizedTo(8, 34);
    try (ImportedModel imported = ImportedModel.open(file, Optional.empty())) {
      assertThat(imported.tensors()).allMatch(tensor -> tensor.dtype() == DType.F32);
      assertThat(imported.config().dtype()).isEqualTo(DType.F32);
    }
  }

  /** A small llama whose matrices are blocks of zeros. */
  private Path quantizedTo(int type, int blockBytes) throws IOException {
    GgufBuilder gguf = llama(1);
    gguf.tensor("token_embd.weight", type, new byte[32 * blockBytes], 32, 32);
    layer(gguf, type, 32 * blockBytes);
    return gguf.write(dir.resolve("q.gguf"));
  }

  private static GgufBuilder llama(int heads) {
    return new GgufBuilder()
        .key("general.architecture", "llama")
        .key("llama.block_count", 1)
        .key("llama.context_length", 64)
        .key("llama.embedding_length", 32)
        .key("llama.feed_forward_length", 32)
        .key("llama.attention.head_count", heads)
        .key("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  }

  private static void layer(GgufBuilder gguf, int type, int matrixBytes) {
    for (String matrix :
        List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")) {
      gguf.tensor("blk.0." + matrix + ".weight", type, new byte[matrixBytes], 32, 32);
    }
    for (String norm : List.of("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm")) {
      gguf.tensor(norm + ".weight", F32, new byte[4 * 32], 32);
    }
  }

  @Test
  void theScalingOfLlama31IsRecognisedByItsFactors() throws IOException {
    // theta 10000 and heads of 16: wavelengths 2π · 10000^(i/8), of which the sixth is 6283.
    double[] factors = new double[8];
    for (int i = 0; i < 8; i++) {
      double wavelength = 2 * Math.PI * Math.pow(10_000, i / 8.0);
      double smooth = (8192 / wavelength - 1) / (4 - 1);
      factors[i] =
          wavelength < 8192 / 4.0 ? 1 : wavelength > 8192 ? 32 : 1 / ((1 - smooth) / 32 + smooth);
    }
    assertThat(factors).contains(1, 32);
    assertThat(factors[6]).isBetween(1.1, 31.0);
    try (ImportedModel imported = ImportedModel.open(withFactors(factors), Optional.empty())) {
      assertThat(imported.config().ropes().getFirst().orElseThrow().scaling())
          .isEqualTo(new Rope.Llama3(32, 1, 4, 8192));
      assertThat(imported.unusedLine()).isEmpty();
    }
    factors[6] *= 1.01;
    assertThatThrownBy(() -> ImportedModel.open(withFactors(factors), Optional.empty()).close())
        .hasMessageContaining("tensor rope_freqs.weight: element 6");
  }

  private Path withFactors(double[] factors) throws IOException {
    ByteBuffer data = ByteBuffer.allocate(4 * factors.length).order(ByteOrder.LITTLE_ENDIAN);
    for (double factor : factors) {
      data.putFloat((float) factor);
    }
    return GgufFixture.of(GoldenModelTest.FIXTURES.resolve("tiny-llama"))
        .tensor("rope_freqs.weight", F32, data.array(), factors.length)
        .write(dir.resolve("factors.gguf"));
  }

  @Test
  void linearAndYarnScalingsAreReadAndOthersAreRefusedByName() throws IOException {
    Path fixture = GoldenModelTest.FIXTURES.resolve("tiny-llama");
    Path linear =
        GgufFixture.of(fixture)
            .key("llama.rope.scaling.type", "linear")
            .key("llama.rope.scaling.factor", 4f)
            .write(dir.resolve("linear.gguf"));
    try (ImportedModel imported = ImportedModel.open(linear, Optional.empty())) {
      assertThat(imported.config().ropes().getFirst().orElseThrow().scaling())
          .isEqualTo(new Rope.Linear(4));
    }
    Path yarn =
        yarn(fixture)
            .key("llama.rope.scaling.original_context_length", 64)
            .key("llama.rope.scaling.attn_factor", 1f)
            .key("llama.rope.scaling.yarn_beta_fast", 24f)
            .write(dir.resolve("yarn.gguf"));
    try (ImportedModel imported = ImportedModel.open(yarn, Optional.empty())) {
      assertThat(imported.config().ropes().getFirst().orElseThrow().scaling())
          .isEqualTo(new Rope.Yarn(4, 64, 24, 1, 0.1 * Math.log(4) + 1, true));
    }
    refused(
        yarn(fixture).key("llama.rope.scaling.yarn_attn_factor", 0.5f),
        "llama.rope.scaling.yarn_attn_factor is 0.5, expected 1");
    refused(
        GgufFixture.of(fixture).key("llama.rope.scaling.type", "longrope"),
        "llama.rope.scaling.type 'longrope' is not supported: expected one of none, linear, yarn");
  }

  private static GgufBuilder yarn(Path fixture) throws IOException {
    return GgufFixture.of(fixture)
        .key("llama.rope.scaling.type", "yarn")
        .key("llama.rope.scaling.factor", 4f);
  }

  private void refused(GgufBuilder gguf, String expected) throws IOException {
    Path file = gguf.write(dir.resolve("refused.gguf"));
    assertThatThrownBy(() -> ImportedModel.open(file, Optional.empty()).close())
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(expected);
  }

  @Test
  void whatTheFileLacksOrContradictsIsNamed() throws IOException {
    refused(new GgufBuilder(), "general.architecture '' is not supported");
    refused(
        new GgufBuilder().key("general.architecture", "gemma3"),
        "general.architecture 'gemma3' is not supported: expected one of llama, qwen2, qwen3");
    refused(
        new GgufBuilder().key("general.architecture", "llama"),
        "key llama.attention.head_count is missing");
    refused(llama(1), "tensor token_embd.weight is missing");
    refused(
        llama(1).tensor("token_embd.weight", F32, new byte[4 * 32 * 32], 32, 32),
        "tensor blk.0.attn_norm.weight is missing: expected shape [32]");
    refused(
        llama(1)
            .tensor("token_embd.weight", F32, new byte[4 * 32 * 32], 32, 32)
            .tensor("blk.0.attn_norm.weight", F32, new byte[64], 16),
        "tensor blk.0.attn_norm.weight F32 [16]: expected shape [32]");
    refused(llama(5), "llama.attention.head_count is 5, expected a divisor");
    refused(llama(0), "llama.attention.head_count is 0, expected a divisor");
    refused(llama(1).key("split.count", 3), "split.count is 3: one of several files");
    refused(llama(1).key("llama.expert_count", 8), "mixtures of experts are not supported");
    refused(
        llama(1).key("llama.attention.causal", false),
        "llama.attention.causal is false: attention to later tokens is not supported");
    refused(
        llama(1).key("llama.attention.scale", 0.5f),
        "llama.attention.scale is 0.5, which is not supported");
    refused(
        llama(1).key("llama.rope.scale_linear", 4f),
        "llama.rope.scale_linear is 4.0, which is not supported");
    refused(
        llama(1).key("llama.rope.dimension_count", 16),
        "llama.rope.dimension_count is 16, expected the size of a head, 32");
    GgufBuilder end = llama(1).key("tokenizer.ggml.eos_token_id", 32);
    refused(
        end.tensor("token_embd.weight", F32, new byte[4 * 32 * 32], 32, 32),
        "tokenizer.ggml.eos_token_id is 32, expected an id below 32");
    refused(
        llama(1)
            .key("tokenizer.ggml.tokens", List.of("a", "b", "c"))
            .tensor("token_embd.weight", F32, new byte[4 * 2 * 32], 2, 32),
        "expected a row for each of 3 tokens");
  }

  @Test
  void otherTensorsAreNamedAndPassedOver() throws IOException {
    Path file =
        GgufFixture.of(GoldenModelTest.FIXTURES.resolve("tiny-llama"))
            .tensor("extra.weight", F32, new byte[4], 1)
            .write(dir.resolve("extra.gguf"));
    try (ImportedModel imported = ImportedModel.open(file, Optional.empty())) {
      assertThat(imported.unusedLine().orElseThrow())
          .isEqualTo(
              file + ": 1 tensors are not parameters of a llama with 2 layers: 'extra.weight'");
      assertThat(imported.tensors()).noneMatch(tensor -> tensor.name().contains("extra"));
    }
    Path valued = Files.createDirectory(dir.resolve("valued"));
    copyWith(valued, DType.F32, 1f);
    try (ImportedModel imported = ImportedModel.open(valued, Optional.empty())) {
      assertThat(imported.unusedLine().orElseThrow()).contains("'v_head.weight'");
      assertSameTensors(imported, GoldenModelTest.FIXTURES.resolve("tiny-llama"));
    }
  }

  /** The fixture with one more tensor. */
  private static void copyWith(Path target, DType type, float value) throws IOException {
    Path fixture = GoldenModelTest.FIXTURES.resolve("tiny-llama");
    try (Checkpoint checkpoint = Checkpoint.open(fixture)) {
      List<TensorView> tensors = new ArrayList<>(checkpoint.tensors().values());
      byte[] data = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array();
      tensors.add(
          new TensorView("v_head.weight", type, new long[] {1}, MemorySegment.ofArray(data)));
      SafetensorsWriter.write(target.resolve("model.safetensors"), tensors, Map.of());
    }
    Files.copy(fixture.resolve("config.json"), target.resolve("config.json"));
  }

  @Test
  void aShardedDirectoryBecomesOneVerifiedFile() {
    Path original = GoldenModelTest.FIXTURES.resolve("tiny-qwen3-untied-shards");
    Path target = dir.resolve("one");
    try (ImportedModel imported = ImportedModel.open(original, Optional.empty())) {
      CheckpointStore.publishBase(target, imported.tensors(), imported.files());
    }
    assertThat(target.resolve("model.safetensors")).exists();
    assertThat(target.resolve("model.safetensors.index.json")).doesNotExist();
    CheckpointStore.verify(target);
    try (ImportedModel again = ImportedModel.open(target, Optional.empty())) {
      assertSameTensors(again, original);
    }
  }

  @Test
  void aPublishedCheckpointThatWasDamagedIsNotGivenANewManifest() throws IOException {
    Path published = dir.resolve("step_0");
    Path fixture = GoldenModelTest.FIXTURES.resolve("tiny-llama");
    try (ImportedModel imported = ImportedModel.open(fixture, Optional.empty())) {
      CheckpointStore.publishBase(published, imported.tensors(), imported.files());
    }
    byte[] weights = Files.readAllBytes(published.resolve("model.safetensors"));
    weights[weights.length - 5] ^= 1;
    Files.write(published.resolve("model.safetensors"), weights);

    assertThatThrownBy(() -> ImportedModel.open(published, Optional.empty()).close())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("the data is corrupt");
  }

  @ParameterizedTest
  @ValueSource(strings = {"language_model.model.", "model.language_model."})
  void theTextModelOfAMultimodalDirectoryIsImportedUnderItsOwnNames(String prefix)
      throws IOException {
    Path original = GoldenModelTest.FIXTURES.resolve("tiny-gemma3-old");
    Path multimodal = multimodal(original, prefix);
    assertThatThrownBy(() -> ConfigJson.read(multimodal))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith(
            multimodal.resolve("config.json") + ": model_type 'gemma3' (text and images)");

    Path target = dir.resolve("text");
    try (ImportedModel imported = ImportedModel.open(multimodal, Optional.empty())) {
      assertThat(imported.unusedLine().orElseThrow())
          .contains("1 tensors", "'vision_tower.weight'");
      assertSameTensors(imported, original);
      CheckpointStore.publishBase(target, imported.tensors(), imported.files());
    }
    assertThat(ConfigJson.read(target)).isEqualTo(ConfigJson.read(original));
    CheckpointStore.verify(target);
  }

  /** The fixture as the text model of a model for text and images. */
  private Path multimodal(Path original, String prefix) throws IOException {
    Path target = Files.createDirectory(dir.resolve("multimodal"));
    ObjectMapper json = new ObjectMapper();
    ObjectNode text = (ObjectNode) json.readTree(original.resolve("config.json").toFile());
    ObjectNode root = json.createObjectNode().put("model_type", "gemma3");
    for (String shared : List.of("eos_token_id", "torch_dtype")) {
      root.set(shared, text.remove(shared));
    }
    root.set("text_config", text);
    root.putObject("vision_config").put("hidden_size", 8);
    json.writeValue(target.resolve("config.json").toFile(), root);
    try (Checkpoint checkpoint = Checkpoint.open(original)) {
      List<TensorView> tensors = new ArrayList<>();
      checkpoint
          .tensors()
          .forEach(
              (name, view) ->
                  tensors.add(
                      new TensorView(
                          prefix + name.substring("model.".length()),
                          view.dtype(),
                          view.shape(),
                          view.data())));
      tensors.add(
          new TensorView(
              "vision_tower.weight",
              DType.F32,
              new long[] {1},
              MemorySegment.ofArray(new byte[4])));
      SafetensorsWriter.write(target.resolve("model.safetensors"), tensors, Map.of());
    }
    return target;
  }
}

package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.DType;
import dev.freshet.weights.SafetensorsWriter;
import dev.freshet.weights.TensorView;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelWeightsTest {
  private static final String NORM = "model.layers.0.input_layernorm.weight";
  private static final ModelConfig CONFIG =
      new ModelConfig(
          ModelFamily.LLAMA,
          16,
          8,
          12,
          1,
          2,
          1,
          4,
          1e-6,
          new Rope(10000, new Rope.Default()),
          32,
          true,
          false,
          false,
          false,
          List.of(OptionalInt.empty()),
          List.of(),
          DType.F32);

  @TempDir Path dir;

  @Test
  void tensorsOverAMappedCheckpointHaveTheAddressesOfTheMapping() throws IOException {
    writeChanged(views -> views);
    try (Checkpoint checkpoint = Checkpoint.open(dir);
        ModelWeights weights = ModelWeights.over(Parameters.of(CONFIG, checkpoint))) {
      assertThat(weights.tensors().keySet())
          .containsExactlyElementsOf(CONFIG.parameterShapes().keySet());
      weights
          .tensors()
          .forEach(
              (name, tensor) -> {
                MemorySegment mapped = view(checkpoint, name).data();
                assertThat(tensor.data_ptr().address()).as(name).isEqualTo(mapped.address());
                assertThat(Torch.bytes(tensor).mismatch(mapped)).as(name).isEqualTo(-1);
              });
    }
  }

  @Test
  void aCopyOutlivesTheCheckpointAndHoldsEveryBfloat16Exactly() throws IOException {
    writeChanged(views -> views.stream().map(ModelWeightsTest::bfloat16).toList());
    List<float[]> exact = new ArrayList<>();

    try (ModelWeights copy = copy(ScalarType.Float)) {
      try (Checkpoint checkpoint = Checkpoint.open(dir)) {
        for (String name : CONFIG.parameterShapes().keySet()) {
          exact.add(widened(view(checkpoint, name)));
        }
      }
      int index = 0;
      for (Tensor tensor : copy.tensors().values()) {
        try (PointerScope _ = new PointerScope()) {
          assertThat(tensor.scalar_type().intern()).isEqualTo(ScalarType.Float);
          assertThat(Torch.toFloats(tensor)).containsExactly(exact.get(index++));
        }
      }
      assertThat(copy.views()).extracting(TensorView::dtype).containsOnly(DType.F32);
    }
  }

  @Test
  void aCopyInBfloat16RoundsToTheNearest() throws IOException {
    writeChanged(views -> views);

    try (ModelWeights copy = copy(ScalarType.BFloat16);
        ModelWeights whole = copy(ScalarType.Float);
        PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      assertThat(copy.type()).isEqualTo(ScalarType.BFloat16);
      assertThat(copy.views()).extracting(TensorView::dtype).containsOnly(DType.BF16);
      float[] rounded = Torch.toFloats(copy.get("model.embed_tokens.weight"));
      float[] values = Torch.toFloats(whole.get("model.embed_tokens.weight"));
      for (int i = 0; i < values.length; i++) {
        assertThat(Math.abs(rounded[i] - values[i])).isLessThanOrEqualTo(Math.abs(values[i]) / 256);
      }
    }
  }

  @Test
  void aMissingOrWrongTensorIsRefusedByName() throws IOException {
    assertRefused(
        views -> views.stream().filter(view -> !view.name().equals(NORM)).toList(),
        "tensor " + NORM + " is missing: expected shape [8]");
    assertRefused(
        views -> replaced(views, floats(NORM, 4, 2)),
        "tensor " + NORM + " has shape [4, 2]: expected [8]");
    assertRefused(
        views -> replaced(views, new TensorView(NORM, DType.I32, new long[] {8}, zeros(32))),
        "tensor " + NORM + " has type I32: expected F32, BF16 or F16");
  }

  @Test
  void tensorsThatTheModelDoesNotHaveAreNamedAndPassedOver() throws IOException {
    writeChanged(
        views -> {
          List<TensorView> more =
              with(with(views, floats("v_head.weight", 8)), floats("x\n[y]", 1));
          for (int i = 0; i < 9; i++) {
            more = with(more, floats("v_head." + i, 1));
          }
          return more;
        });

    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      Parameters parameters = Parameters.of(CONFIG, checkpoint);
      assertThat(parameters.views().keySet())
          .containsExactlyElementsOf(CONFIG.parameterShapes().keySet());
      assertThat(parameters.unused()).hasSize(11).contains("v_head.weight", "v_head.8");
      assertThat(parameters.unusedLine())
          .hasValue(
              dir
                  + ": 11 tensors are not parameters of a llama with 1 layers: 'v_head.weight',"
                  + " 'x\\u000a[y]', 'v_head.0', 'v_head.1', 'v_head.2', …");
    }
  }

  @Test
  void aHeadThatDiffersFromTheEmbeddingThatItIsTiedToIsRefused() throws IOException {
    String message =
        "tensor lm_head.weight differs from model.embed_tokens.weight, but tie_word_embeddings is"
            + " true: set it to false in config.json to use the stored head, or remove the tensor";
    assertRefused(views -> with(views, floats("lm_head.weight", 16, 8)), message);
    assertRefused(views -> with(views, floats("lm_head.weight", 8, 16)), message);
    assertRefused(
        views -> with(views, bfloat16(renamed(views.getFirst(), "lm_head.weight"))), message);
  }

  @Test
  void aCopyOfTiedEmbeddingsAndOldRotaryFrequenciesAreIgnored() throws IOException {
    writeChanged(
        views ->
            with(
                with(views, renamed(views.getFirst(), "lm_head.weight")),
                floats("model.layers.0.self_attn.rotary_emb.inv_freq", 2)));

    try (Checkpoint checkpoint = Checkpoint.open(dir);
        ModelWeights weights = ModelWeights.over(Parameters.of(CONFIG, checkpoint))) {
      assertThat(weights.tensors()).doesNotContainKey("lm_head.weight");
    }
  }

  private void assertRefused(UnaryOperator<List<TensorView>> change, String message)
      throws IOException {
    writeChanged(change);
    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      assertThatExceptionOfType(ModelException.class)
          .isThrownBy(() -> ModelWeights.over(Parameters.of(CONFIG, checkpoint)).close())
          .withMessage(dir + ": " + message);
    }
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> copy(ScalarType.Float).close())
        .withMessage(dir + ": " + message);
  }

  private static TensorView view(Checkpoint checkpoint, String name) {
    return Objects.requireNonNull(checkpoint.tensors().get(name));
  }

  /** Writes a random model's tensors, changed, as the directory's only checkpoint. */
  private void writeChanged(UnaryOperator<List<TensorView>> change) throws IOException {
    Path file = dir.resolve("model.safetensors");
    java.nio.file.Files.deleteIfExists(file);
    try (ModelWeights random = ModelWeights.random(CONFIG, 5)) {
      SafetensorsWriter.write(file, change.apply(random.views()), Map.of("format", "pt"));
    }
  }

  private ModelWeights copy(ScalarType type) {
    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      return ModelWeights.copyOf(Parameters.of(CONFIG, checkpoint), type);
    }
  }

  private static TensorView renamed(TensorView view, String name) {
    return new TensorView(name, view.dtype(), view.shape(), view.data());
  }

  private static List<TensorView> with(List<TensorView> views, TensorView more) {
    List<TensorView> all = new ArrayList<>(views);
    all.add(more);
    return all;
  }

  private static List<TensorView> replaced(List<TensorView> views, TensorView other) {
    return views.stream().map(view -> view.name().equals(other.name()) ? other : view).toList();
  }

  private static TensorView floats(String name, long... shape) {
    long elements = java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    return new TensorView(name, DType.F32, shape, zeros(elements * 4));
  }

  private static MemorySegment zeros(long bytes) {
    return Arena.ofAuto().allocate(bytes, 64);
  }

  /** The upper halves of 32-bit floats. */
  private static TensorView bfloat16(TensorView view) {
    MemorySegment halves = zeros(view.elements() * 2);
    for (long i = 0; i < view.elements(); i++) {
      halves.setAtIndex(
          ValueLayout.JAVA_SHORT, i, view.data().getAtIndex(ValueLayout.JAVA_SHORT, 2 * i + 1));
    }
    return new TensorView(view.name(), DType.BF16, view.shape(), halves);
  }

  private static float[] widened(TensorView view) {
    float[] values = new float[(int) view.elements()];
    for (int i = 0; i < values.length; i++) {
      int half = view.data().getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i);
      values[i] = Float.intBitsToFloat(half << 16);
    }
    return values;
  }
}

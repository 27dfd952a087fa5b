package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * The decoder against values that transformers computed for the same checkpoints in 32-bit floats.
 */
class GoldenModelTest {
  static final Path FIXTURES = Path.of("src/test/fixtures");
  private static final double TOLERANCE = 1e-4;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Every fixture; {@code make_fixtures.py} makes most of them. */
  static List<String> fixtures() throws IOException {
    try (Stream<Path> directories = Files.list(FIXTURES)) {
      return directories.map(directory -> directory.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void aFullForwardGivesTheLogitsAndPromptLogprobsOfTransformers(String fixture)
      throws IOException {
    for (JsonNode golden : cases(fixture)) {
      try (PointerScope _ = new PointerScope();
          NoGradGuard _ = new NoGradGuard();
          ModelWeights weights = load(fixture, maxLength(golden));
          Decoder decoder = new Decoder(weights)) {
        int[] ids = ints(golden.get("input_ids"));
        float[] logprobs = promptLogprobs(decoder, ids, golden.get("last_logits_first16"));
        JsonNode expected = golden.get("prompt_logprobs");
        for (int i = 1; i < ids.length; i++) {
          assertThat((double) logprobs[i])
              .as("%s, prompt logprob %d", golden.get("text"), i)
              .isCloseTo(expected.get(i).asDouble(), within(TOLERANCE));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void cachedDecodingOfAllCasesAtOnceGivesTheGreedyContinuationsOfTransformers(String fixture)
      throws IOException {
    // The frequencies of some scalings depend on the context limit.
    cases(fixture).stream()
        .collect(Collectors.groupingBy(GoldenModelTest::maxLength))
        .forEach((maxLength, cases) -> continuesGreedily(fixture, maxLength, cases));
  }

  private static void continuesGreedily(String fixture, int maxLength, List<JsonNode> cases) {
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard();
        ModelWeights weights = load(fixture, maxLength);
        ComputeCrew crew = ComputeCrew.of(2);
        Decoder decoder =
            new Decoder(weights, PackedLinear::new, PackedLinear::new, Pointwise.vectors(crew));
        KvPool pool =
            new KvPool(weights.config(), 16 * cases.size(), maxLength, weights.type(), crew)) {
      int rows = cases.size();
      List<List<Integer>> sequences = new ArrayList<>();
      List<List<Integer>> greedy = new ArrayList<>();
      for (JsonNode one : cases) {
        sequences.add(new ArrayList<>(Arrays.asList(boxed(ints(one.get("input_ids"))))));
        greedy.add(new ArrayList<>());
      }
      int[] cached = new int[rows];
      int length = cases.getFirst().get("greedy_token_ids").size();
      for (int step = 0; step < length; step++) {
        List<KvSpan> spans = new ArrayList<>();
        List<Long> tokens = new ArrayList<>();
        List<Long> ends = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
          List<Integer> sequence = sequences.get(row);
          // The blocks of the rows alternate, so that they do not lie side by side.
          int[] blocks = IntStream.range(0, 16).map(scattered(row, rows)).toArray();
          spans.add(new KvSpan(cached[row], sequence.size() - cached[row], blocks));
          sequence.subList(cached[row], sequence.size()).forEach(t -> tokens.add((long) t));
          ends.add(tokens.size() - 1L);
          cached[row] = sequence.size();
        }
        Tensor hidden = decoder.hidden(longs(tokens).unsqueeze(0), pool.attention(spans));
        long[] next = best(decoder.logits(hidden.select(0, 0).index_select(0, longs(ends))));
        for (int row = 0; row < rows; row++) {
          greedy.get(row).add((int) next[row]);
          sequences.get(row).add((int) next[row]);
        }
      }
      for (int row = 0; row < rows; row++) {
        assertThat(greedy.get(row))
            .as(cases.get(row).get("text").asString())
            .containsExactly(boxed(ints(cases.get(row).get("greedy_token_ids"))));
      }
    }
  }

  /** The fixtures that hold gradients. */
  static List<String> differentiated() throws IOException {
    return fixtures().stream().filter(fixture -> golden(fixture).has("gradients")).toList();
  }

  @ParameterizedTest
  @MethodSource("differentiated")
  void theGradientsOfTheMeanLogprobAreThoseOfTransformers(String fixture) {
    JsonNode golden = cases(fixture).getLast();
    int[] ids = ints(golden.get("input_ids"));
    try (PointerScope _ = new PointerScope();
        ModelWeights weights = load(fixture, maxLength(golden));
        Decoder decoder = new Decoder(weights)) {
      weights.tensors().values().forEach(parameter -> parameter.set_requires_grad(true));
      long[] next = Arrays.stream(ids).skip(1).asLongStream().toArray();
      Tensor logprobs =
          torch
              .log_softmax(logits(decoder, ids).select(0, 0), 1)
              .narrow(0, 0, next.length)
              .gather(1, Torch.longs(next, next.length, 1));
      logprobs.mean().neg().backward();

      JsonNode expected = golden(fixture).get("gradients");
      assertThat(weights.tensors().keySet())
          .containsExactlyInAnyOrderElementsOf(expected.propertyNames());
      weights
          .tensors()
          .forEach((name, parameter) -> assertGradient(name, parameter, expected.get(name)));
    }
  }

  static void assertGradient(String name, Tensor parameter, JsonNode expected) {
    float[] gradient = Torch.toFloats(parameter.grad());
    double square = 0;
    for (float g : gradient) {
      square += (double) g * g;
    }
    double norm = expected.get("norm").asDouble();
    assertThat(Math.sqrt(square)).as(name).isCloseTo(norm, within(TOLERANCE * (1 + norm)));
    JsonNode first = expected.get("first");
    for (int i = 0; i < first.size(); i++) {
      assertThat((double) gradient[i])
          .as("%s, element %d", name, i)
          .isCloseTo(first.get(i).asDouble(), within(TOLERANCE * (1 + norm)));
    }
  }

  private static IntUnaryOperator scattered(int row, int rows) {
    return i -> 16 * rows - 1 - (i * rows + row);
  }

  private static Tensor longs(List<Long> values) {
    return Torch.longs(values.stream().mapToLong(Long::longValue).toArray(), values.size());
  }

  private static float[] promptLogprobs(Decoder decoder, int[] ids, JsonNode lastLogits) {
    Tensor logits = logits(decoder, ids);
    float[] last = Torch.toFloats(logits.select(1, ids.length - 1L).narrow(1, 0, 16));
    for (int i = 0; i < 16; i++) {
      assertThat((double) last[i]).isCloseTo(lastLogits.get(i).asDouble(), within(TOLERANCE));
    }
    float[] all = Torch.toFloats(torch.log_softmax(logits, -1));
    float[] logprobs = new float[ids.length];
    for (int i = 1; i < ids.length; i++) {
      logprobs[i] = all[(i - 1) * decoder.config().vocabSize() + ids[i]];
    }
    return logprobs;
  }

  /** The logits at every position of a sequence, {@code [1, time, vocabSize]}. */
  private static Tensor logits(Decoder decoder, int[] ids) {
    Tensor positions =
        torch
            .arange(new Scalar((long) ids.length), Torch.options(torch.ScalarType.Long))
            .view(1, -1);
    return decoder.logits(
        decoder.hidden(
            longs(ids),
            new FullAttention(
                decoder.config(), positions, torch.zeros_like(positions), torch.ScalarType.Float)));
  }

  private static long[] best(Tensor logits) {
    long[] best = new long[Math.toIntExact(logits.size(0))];
    Torch.longView(logits.argmax(new org.bytedeco.pytorch.LongOptional(-1), false).contiguous())
        .get(best);
    return best;
  }

  static ModelWeights load(String fixture, int maxLength) {
    Path dir = FIXTURES.resolve(fixture);
    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      return ModelWeights.copyOf(
          Parameters.of(ConfigJson.read(dir).forContext(maxLength), checkpoint),
          torch.ScalarType.Float);
    }
  }

  private static List<JsonNode> cases(String fixture) {
    return golden(fixture).get("cases").valueStream().toList();
  }

  private static JsonNode golden(String fixture) {
    return JSON.readTree(FIXTURES.resolve(fixture).resolve("golden.json").toFile());
  }

  private static int maxLength(JsonNode golden) {
    return golden.path("max_length").asInt(256);
  }

  private static Tensor longs(int[] ids) {
    return Torch.longs(Arrays.stream(ids).asLongStream().toArray(), 1, ids.length);
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static Integer[] boxed(int[] values) {
    return Arrays.stream(values).boxed().toArray(Integer[]::new);
  }
}

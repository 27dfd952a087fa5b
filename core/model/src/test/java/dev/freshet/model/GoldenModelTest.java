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
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard();
        ModelWeights weights = load(fixture);
        Decoder decoder = new Decoder(weights)) {
      for (JsonNode golden : cases(fixture)) {
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
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard();
        ModelWeights weights = load(fixture);
        Decoder decoder = new Decoder(weights);
        KvPool pool = new KvPool(weights.config(), 64, 256, weights.type(), 2)) {
      List<JsonNode> cases = cases(fixture);
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

  private static IntUnaryOperator scattered(int row, int rows) {
    return i -> 63 - (i * rows + row);
  }

  private static Tensor longs(List<Long> values) {
    return Torch.longs(values.stream().mapToLong(Long::longValue).toArray(), values.size());
  }

  private static float[] promptLogprobs(Decoder decoder, int[] ids, JsonNode lastLogits) {
    long time = ids.length;
    Tensor positions =
        torch.arange(new Scalar(time), Torch.options(torch.ScalarType.Long)).view(1, -1);
    Tensor segments = torch.zeros_like(positions);
    Tensor logits =
        decoder.logits(
            decoder.hidden(
                longs(ids),
                new FullAttention(decoder.config(), positions, segments, torch.ScalarType.Float)));
    float[] last = Torch.toFloats(logits.select(1, time - 1).narrow(1, 0, 16));
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

  private static long[] best(Tensor logits) {
    long[] best = new long[Math.toIntExact(logits.size(0))];
    Torch.longView(logits.argmax(new org.bytedeco.pytorch.LongOptional(-1), false).contiguous())
        .get(best);
    return best;
  }

  static ModelWeights load(String fixture) {
    Path dir = FIXTURES.resolve(fixture);
    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      return ModelWeights.copyOf(
          Parameters.of(ConfigJson.read(dir), checkpoint), torch.ScalarType.Float);
    }
  }

  private static List<JsonNode> cases(String fixture) throws IOException {
    JsonNode golden =
        new ObjectMapper()
            .readTree(Files.readAllBytes(FIXTURES.resolve(fixture).resolve("golden.json")));
    return golden.get("cases").valueStream().toList();
  }

  private static Tensor longs(int[] ids) {
    return Torch.longs(java.util.Arrays.stream(ids).asLongStream().toArray(), 1, ids.length);
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static Integer[] boxed(int[] values) {
    return java.util.Arrays.stream(values).boxed().toArray(Integer[]::new);
  }
}

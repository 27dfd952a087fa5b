package dev.freshet.engine;

import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import dev.freshet.wire.LogitRules;
import dev.freshet.wire.LogprobsMode;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.VerifyLevel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * The model room's small checkpoints: the output of transformers for them, engines that serve them,
 * and published and damaged variants.
 */
public final class Fixture {
  public static final Path LLAMA = Path.of("../../core/model/src/test/fixtures/tiny-llama");
  static final Path QWEN3 = Path.of("../../core/model/src/test/fixtures/tiny-qwen3");

  /** The limits of adapters of all engines. */
  static final AdapterLimits ADAPTERS = new AdapterLimits(3, 8);

  static final Duration DEADLINE = Duration.ofSeconds(60);

  private Fixture() {}

  /**
   * A prompt, its greedy continuation and the continuation's logprobs.
   *
   * @param maxLength the context limit for which they were computed
   */
  public record Golden(
      String text, int maxLength, int[] prompt, List<Integer> greedy, List<Double> logprobs) {}

  public static List<Golden> golden(Path fixture) throws IOException {
    return new ObjectMapper()
        .readTree(Files.readAllBytes(fixture.resolve("golden.json")))
        .get("cases")
        .valueStream()
        .map(
            one ->
                new Golden(
                    one.get("text").asString(),
                    one.path("max_length").asInt(256),
                    one.get("input_ids").valueStream().mapToInt(JsonNode::asInt).toArray(),
                    one.get("greedy_token_ids").valueStream().map(JsonNode::asInt).toList(),
                    one.get("greedy_logprobs").valueStream().map(JsonNode::asDouble).toList()))
        .toList();
  }

  /** An engine for four sequences of 256 tokens. */
  static EmbeddedEngine engine(Path fixture) {
    return engine(fixture, 4, 64);
  }

  static EmbeddedEngine engine(Path fixture, int maxSequences, int maxWaiting) {
    return engine(
        fixture,
        maxSequences,
        maxWaiting,
        new EngineMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM));
  }

  public static EmbeddedEngine engine(
      Path fixture, int maxSequences, int maxWaiting, EngineMetrics metrics) {
    return new EmbeddedEngine(
        fixture, config(maxSequences, maxWaiting, false), MonotonicClock.SYSTEM, metrics);
  }

  /** An engine that refuses tensors that its model does not have. */
  static EmbeddedEngine strictEngine(Path fixture) {
    return new EmbeddedEngine(
        fixture,
        config(4, 64, true),
        MonotonicClock.SYSTEM,
        new EngineMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM));
  }

  static EngineConfig config(int maxSequences, int maxWaiting, boolean strict) {
    return new EngineConfig(
        "tiny",
        maxSequences,
        256,
        maxWaiting,
        64,
        0,
        1,
        EngineConfig.Precision.AUTO,
        EngineConfig.HeadPrecision.AUTO,
        true,
        strict,
        ADAPTERS);
  }

  /** Publishes the fixture's tensors and one more. */
  static Path publishWith(
      Path weightsDir,
      long step,
      Path fixture,
      BiFunction<Map<String, TensorView>, Arena, TensorView> more) {
    try (Checkpoint checkpoint = Checkpoint.open(fixture);
        Arena arena = Arena.ofConfined()) {
      List<TensorView> tensors = new ArrayList<>(checkpoint.tensors().values());
      tensors.add(more.apply(checkpoint.tensors(), arena));
      return new CheckpointStore(weightsDir)
          .publish(step, step - 1, tensors, CheckpointStore.sideFiles(fixture));
    }
  }

  /** An engine in 32-bit floats whose steps have {@code stepTokens} tokens. */
  static EmbeddedEngine inParts(Path fixture, int maxSequences, int stepTokens) {
    return new EmbeddedEngine(
        fixture,
        new EngineConfig(
            "tiny",
            maxSequences,
            256,
            1024,
            stepTokens,
            0,
            1,
            EngineConfig.Precision.FLOAT32,
            EngineConfig.HeadPrecision.AUTO,
            true,
            false,
            ADAPTERS),
        MonotonicClock.SYSTEM,
        new EngineMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM));
  }

  /** An engine in 32-bit floats with steps of 64 tokens and {@code kvMb} MiB of KV cache. */
  static EmbeddedEngine withCache(
      Path fixture, int maxSequences, int kvMb, MetricsRegistry registry) {
    return new EmbeddedEngine(
        fixture,
        new EngineConfig(
            "tiny",
            maxSequences,
            256,
            1024,
            64,
            kvMb,
            1,
            EngineConfig.Precision.FLOAT32,
            EngineConfig.HeadPrecision.AUTO,
            true,
            false,
            ADAPTERS),
        MonotonicClock.SYSTEM,
        new EngineMetrics(registry, MonotonicClock.SYSTEM));
  }

  /** The value of a metric without labels. */
  static double value(MetricsRegistry registry, String metric) {
    return new String(registry.page("").body(), StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.startsWith(metric + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(metric.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  /** Updates the engine to a fully verified checkpoint with mode keep. */
  static WeightUpdate update(Engine engine, Path checkpoint, OptionalLong step) {
    return engine.update(updateTo(checkpoint, step, UpdateMode.KEEP), DEADLINE);
  }

  static WeightOperation updateTo(Path checkpoint, OptionalLong step, UpdateMode mode) {
    return new WeightOperation.Update(prepare(checkpoint, step), mode);
  }

  static WeightOperation.Prepare prepare(Path checkpoint, OptionalLong step) {
    return new WeightOperation.Prepare(checkpoint, step, VerifyLevel.FULL, false);
  }

  /** A completion by the model's own logits, with logprobs at temperature 1. */
  static GenerationRequest request(
      int[] prompt,
      int maxTokens,
      double temperature,
      double topP,
      int topK,
      OptionalLong seed,
      Set<Integer> stopTokens,
      int topLogprobs) {
    return new GenerationRequest(
        prompt,
        maxTokens,
        temperature,
        topP,
        topK,
        0,
        seed,
        stopTokens,
        LogitRules.NONE,
        Optional.empty(),
        topLogprobs,
        OptionalInt.empty(),
        LogprobsMode.RAW_LOGPROBS,
        0,
        Optional.empty(),
        Optional.empty());
  }

  public static GenerationRequest greedy(int[] prompt, int maxTokens) {
    return request(prompt, maxTokens, 0, 1, 0, OptionalLong.empty(), Set.of(), 0);
  }

  static GenerationRequest seeded(int[] prompt, int maxTokens, long seed) {
    return request(prompt, maxTokens, 1, 1, 0, OptionalLong.of(seed), Set.of(), 0);
  }

  /** Publishes the fixture's weights with Gaussian noise of this deviation added to each. */
  public static Path perturbed(Path weightsDir, long step, Path fixture, double noise) {
    SplittableRandom random = new SplittableRandom(step);
    return elementwise(weightsDir, step, fixture, x -> x + noise * random.nextGaussian());
  }

  /** Publishes the fixture's weights, each changed by {@code change}. */
  static Path elementwise(Path weightsDir, long step, Path fixture, DoubleUnaryOperator change) {
    return publish(
        weightsDir,
        step,
        fixture,
        (view, arena) -> {
          MemorySegment data = arena.allocate(view.data().byteSize(), 64);
          for (long i = 0; i < view.elements(); i++) {
            float value = view.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
            data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) change.applyAsDouble(value));
          }
          return new TensorView(view.name(), DType.F32, view.shape(), data);
        });
  }

  /** Publishes the fixture's tensors, each replaced by {@code change}. */
  static Path publish(
      Path weightsDir, long step, Path fixture, BiFunction<TensorView, Arena, TensorView> change) {
    try (Checkpoint checkpoint = Checkpoint.open(fixture);
        Arena arena = Arena.ofConfined()) {
      List<TensorView> tensors =
          checkpoint.tensors().values().stream().map(view -> change.apply(view, arena)).toList();
      return new CheckpointStore(weightsDir)
          .publish(step, step - 1, tensors, CheckpointStore.sideFiles(fixture));
    }
  }

  /** A prompt of random tokens. */
  static int[] prompt(int length, long seed) {
    return new SplittableRandom(seed).ints(length, 3, 500).toArray();
  }

  /** The greedy continuation of {@code prompt} by the serving weights. */
  static List<Integer> continuation(Engine engine, int[] prompt, int count)
      throws InterruptedException {
    return Collected.of(engine, greedy(prompt, count)).all();
  }

  /** The same of an engine that was started on {@code model}. */
  static List<Integer> continuationOn(Path model, int[] prompt, int count)
      throws InterruptedException {
    try (EmbeddedEngine engine = engine(model)) {
      return continuation(engine, prompt, count);
    }
  }

  /** Cuts {@code bytes} off a file's end. */
  static void truncate(Path file, int bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() - bytes);
    }
  }

  static void flipLastByte(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
  }

  /** Deletes a directory and everything in it. */
  static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Polls until {@code holds}, for at most {@link #DEADLINE}. */
  public static void eventually(BooleanSupplier holds) throws InterruptedException {
    long end = System.nanoTime() + DEADLINE.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("did not hold within " + DEADLINE);
      }
      Thread.sleep(1);
    }
  }
}

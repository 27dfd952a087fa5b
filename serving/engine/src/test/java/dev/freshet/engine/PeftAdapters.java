package dev.freshet.engine;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The model room's adapters, which PEFT wrote, with what PEFT continues with them. */
public final class PeftAdapters {
  private static final Path ADAPTERS = Path.of("../../core/model/src/test/adapters");
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final String CONFIG = "adapter_config.json";

  private PeftAdapters() {}

  /** The directory of an adapter. */
  public static Path dir(String name) {
    return ADAPTERS.resolve(name);
  }

  /** The prompt of an adapter's golden continuation. */
  public static int[] prompt(String name) {
    return golden(name).get("input_ids").valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  /** What PEFT continues it with. */
  public static List<Integer> greedy(String name) {
    return golden(name).get("greedy_token_ids").valueStream().map(JsonNode::asInt).toList();
  }

  private static JsonNode golden(String name) {
    return new ObjectMapper().readTree(dir(name).resolve("golden.json").toFile());
  }

  /** A copy of an adapter in {@code to}, which a test may change. */
  static Path copy(String name, Path to) throws IOException {
    Files.createDirectories(to);
    for (String file : List.of(CONFIG, WEIGHTS)) {
      Files.copy(dir(name).resolve(file), to.resolve(file));
    }
    return to;
  }

  /** An adapter as a trainer publishes it. */
  static Path published(Path weightsDir, String name, long step) throws IOException {
    Map<String, byte[]> files = Map.of(CONFIG, Files.readAllBytes(dir(name).resolve(CONFIG)));
    try (Checkpoint checkpoint = Checkpoint.open(dir(name))) {
      return new CheckpointStore(weightsDir)
          .publishAdapter(step, step - 1, List.copyOf(checkpoint.tensors().values()), files);
    }
  }

  /** Replaces the last number of an adapter's tensors, which are 32-bit floats, by NaN. */
  static void endWithNan(Path adapter) throws IOException {
    byte[] bytes = Files.readAllBytes(adapter.resolve(WEIGHTS));
    bytes[bytes.length - 1] = 0x7f;
    bytes[bytes.length - 2] = (byte) 0xc0;
    Files.write(adapter.resolve(WEIGHTS), bytes);
  }

  static WeightUpdate load(Engine engine, String name, Path dir) {
    return engine.update(new WeightOperation.LoadAdapter(name, dir), Fixture.DEADLINE);
  }

  static WeightUpdate unload(Engine engine, String name) {
    return engine.update(new WeightOperation.UnloadAdapter(name), Fixture.DEADLINE);
  }

  /** A request for a loaded adapter. */
  static GenerationRequest with(String adapter, GenerationRequest request) {
    return new GenerationRequest(
        request.prompt(),
        request.maxTokens(),
        request.temperature(),
        request.topP(),
        request.topK(),
        request.minP(),
        request.seed(),
        request.stopTokens(),
        request.rules(),
        request.constraint(),
        request.topLogprobs(),
        request.promptLogprobs(),
        request.logprobsMode(),
        request.priority(),
        request.cacheSalt(),
        Optional.of(adapter));
  }
}

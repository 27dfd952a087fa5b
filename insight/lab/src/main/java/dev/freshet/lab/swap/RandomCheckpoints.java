package dev.freshet.lab.swap;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelConfig;
import dev.freshet.text.CharTokenizer;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Checkpoints of random bf16 weights in a model's shape. Norms are 1; the magnitude of all other
 * weights is between 2^-7 and 2^-6, which keeps every score finite. Their tokenizer knows only a
 * few characters, which is enough for completions of token ids.
 */
public record RandomCheckpoints(ModelConfig config) {
  private static final CharTokenizer TOKENIZER = new CharTokenizer("abcdefghijklmnopqrstuvwxyz");

  /** Keeps sign and mantissa of four bf16 in a long, whose exponents then become −7. */
  private static final long SIGNS_AND_MANTISSAS = 0x807f_807f_807f_807fL;

  private static final long EXPONENTS = 0x3c00_3c00_3c00_3c00L;
  private static final long ONES = 0x3f80_3f80_3f80_3f80L;

  /** Publishes steps 0 to {@code count} − 1 in {@code weightsDir}; returns their directories. */
  public List<Path> publish(Path weightsDir, int count) {
    CheckpointStore store = new CheckpointStore(weightsDir);
    Map<String, byte[]> sideFiles = new TreeMap<>(TOKENIZER.files());
    sideFiles.put("config.json", ConfigJson.write(config));
    List<Path> published = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      Map<String, MemorySegment> memory = allocate(arena);
      for (int step = 0; step < count; step++) {
        SplittableRandom random = new SplittableRandom(step);
        memory.forEach(
            (name, tensor) -> {
              if (name.endsWith("norm.weight")) {
                ones(tensor);
              } else {
                randomize(tensor, random);
              }
            });
        published.add(store.publish(step, Math.max(0, step - 1), views(memory), sideFiles));
      }
    }
    return published;
  }

  private Map<String, MemorySegment> allocate(Arena arena) {
    Map<String, MemorySegment> memory = new LinkedHashMap<>();
    config
        .parameterShapes()
        .forEach((name, shape) -> memory.put(name, arena.allocate(bytes(shape), Long.BYTES)));
    return memory;
  }

  private static long bytes(long[] shape) {
    return Arrays.stream(shape).reduce(DType.BF16.bytes(), Math::multiplyExact);
  }

  private static void ones(MemorySegment tensor) {
    for (long at = 0; at < tensor.byteSize(); at += Long.BYTES) {
      tensor.set(ValueLayout.JAVA_LONG, at, ONES);
    }
  }

  private static void randomize(MemorySegment tensor, SplittableRandom random) {
    for (long at = 0; at < tensor.byteSize(); at += Long.BYTES) {
      tensor.set(ValueLayout.JAVA_LONG, at, (random.nextLong() & SIGNS_AND_MANTISSAS) | EXPONENTS);
    }
  }

  private List<TensorView> views(Map<String, MemorySegment> memory) {
    Map<String, long[]> shapes = config.parameterShapes();
    return memory.entrySet().stream()
        .map(
            tensor ->
                new TensorView(
                    tensor.getKey(),
                    DType.BF16,
                    Objects.requireNonNull(shapes.get(tensor.getKey())),
                    tensor.getValue()))
        .toList();
  }
}

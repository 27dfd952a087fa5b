package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelFamily;
import dev.freshet.model.Rope;
import dev.freshet.weights.DType;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * A decoder, in bf16 and untied, that {@code freshet bench swap} measures with.
 *
 * @param sequences how many stream, unless the user says otherwise
 * @param maxTokens how long a completion is; one that ends is replaced
 * @param updates how many of each kind, unless the user says otherwise
 * @param pause between two updates
 */
record SwapShape(
    String name, ModelConfig config, int sequences, int maxTokens, int updates, Duration pause) {
  private static final int MAX_POSITIONS = 2048;

  /** TinyLlama-1.1B's own shape. */
  static final SwapShape TINYLLAMA =
      new SwapShape(
          "tinyllama-1.1b",
          llama(32_000, 2048, 5632, 22, 32, 4),
          4,
          1023,
          20,
          Duration.ofSeconds(3));

  /** Decodes many sequences in a few milliseconds, so that the admin lane is what is measured. */
  private static final SwapShape SMALL =
      new SwapShape("small", llama(512, 128, 384, 4, 4, 4), 150, 128, 200, Duration.ofMillis(100));

  /** Takes moments, and is just large enough to be read on all cores. */
  private static final SwapShape TINY =
      new SwapShape("tiny", llama(32_000, 64, 128, 2, 4, 2), 4, 128, 5, Duration.ofMillis(100));

  private static final List<SwapShape> ALL = List.of(TINYLLAMA, SMALL, TINY);

  private static ModelConfig llama(
      int vocabSize, int hiddenSize, int intermediateSize, int layers, int heads, int kvHeads) {
    return new ModelConfig(
        ModelFamily.LLAMA,
        vocabSize,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        kvHeads,
        hiddenSize / heads,
        1e-5,
        new Rope(10_000, new Rope.Default()),
        MAX_POSITIONS,
        false,
        false,
        false,
        false,
        Collections.nCopies(layers, OptionalInt.empty()),
        List.of(),
        DType.BF16);
  }

  /**
   * The shape of that name.
   *
   * @throws ConfigException if there is none
   */
  static SwapShape named(String name) {
    return ALL.stream()
        .filter(shape -> shape.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new ConfigException(
                    "--shape %s: expected one of %s"
                        .formatted(
                            name,
                            ALL.stream().map(SwapShape::name).collect(Collectors.joining(", ")))));
  }

  /** The bytes of its weights. */
  long bytes() {
    return config.parameters() * config.dtype().bytes();
  }
}

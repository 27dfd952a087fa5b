package dev.freshet.lab.swap;

import dev.freshet.config.ConfigException;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelFamily;
import dev.freshet.model.Rope;
import dev.freshet.weights.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * A decoder that {@code freshet bench swap} measures, in bf16 and with untied embeddings.
 *
 * @param sequences the default number of concurrent completions
 * @param maxTokens tokens of a completion; one that ends is replaced
 * @param updates the default number of updates of each kind
 * @param pause the time between two updates
 */
public record SwapShape(
    String name, ModelConfig config, int sequences, int maxTokens, int updates, Duration pause) {
  private static final int MAX_POSITIONS = 2048;

  /** Disk space to leave free. */
  private static final long SPARE_BYTES = 256L << 20;

  /** The shape of TinyLlama-1.1B. */
  public static final SwapShape TINYLLAMA =
      new SwapShape(
          "tinyllama-1.1b",
          llama(32_000, 2048, 5632, 22, 32, 4),
          4,
          1023,
          20,
          Duration.ofSeconds(3));

  /** Decodes many sequences in a few milliseconds, so the admin lane dominates the figures. */
  private static final SwapShape SMALL =
      new SwapShape("small", llama(512, 128, 384, 4, 4, 4), 150, 128, 200, Duration.ofMillis(100));

  /** Runs in moments; just large enough to be read on all cores. */
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
  public static SwapShape named(String name) {
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

  private long bytes() {
    return config.parameters() * config.dtype().bytes();
  }

  /**
   * Requires a directory with room for checkpoints of this shape.
   *
   * @throws ConfigException if {@code dir} is not a directory or has too little free space
   */
  public void requireRoom(Path dir, int checkpoints) throws IOException {
    if (!Files.isDirectory(dir)) {
      throw new ConfigException("--dir %s: expected a directory".formatted(dir));
    }
    long needed = checkpoints * bytes() + SPARE_BYTES;
    long free = Files.getFileStore(dir).getUsableSpace();
    if (free < needed) {
      throw new ConfigException(
          "--dir %s: %,d MiB free, expected at least %,d for %d checkpoints of %s"
              .formatted(dir, free >> 20, needed >> 20, checkpoints, name));
    }
  }
}

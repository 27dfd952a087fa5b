package dev.freshet.weights;

import java.nio.file.Files;
import java.nio.file.Path;

/** A Hugging Face model directory, or that of an adapter for one. */
public final class ModelDirectory {
  private static final String EXPECTED =
      "expected a Hugging Face model directory, with config.json, tokenizer.json and *.safetensors";

  private ModelDirectory() {}

  /** Whether a directory has the weights of an adapter and none of a whole model. */
  public static boolean isAdapter(Path dir) {
    return Files.exists(dir.resolve(Checkpoint.ADAPTER_FILE))
        && !Files.exists(dir.resolve(Checkpoint.SINGLE_FILE))
        && !Files.exists(dir.resolve(ShardIndex.FILE_NAME));
  }

  /**
   * Requires a directory that has a {@code config.json}, so that a wrong path is reported as such.
   *
   * @throws CheckpointException if it is not one
   */
  public static void require(Path dir) {
    if (!Files.exists(dir)) {
      throw new CheckpointException("model %s: does not exist: %s".formatted(dir, EXPECTED));
    }
    if (!Files.isDirectory(dir)) {
      throw new CheckpointException("model %s: is a file: %s".formatted(dir, EXPECTED));
    }
    if (!Files.isRegularFile(dir.resolve("config.json"))) {
      throw new CheckpointException("model %s: has no config.json: %s".formatted(dir, EXPECTED));
    }
  }
}

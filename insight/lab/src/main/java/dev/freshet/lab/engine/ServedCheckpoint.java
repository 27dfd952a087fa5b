package dev.freshet.lab.engine;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelConfig;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The checkpoint that the measured servers serve.
 *
 * @param vocabulary token ids are below it
 * @param dtype the type that its weights are stored in, such as {@code bfloat16}
 */
public record ServedCheckpoint(Path dir, int vocabulary, String dtype) {
  /**
   * Reads {@code config.json} in a model directory.
   *
   * @throws dev.freshet.model.ModelException if it cannot be read or the model is not supported
   */
  public static ServedCheckpoint read(Path dir) {
    ModelConfig config = ConfigJson.read(dir);
    String dtype =
        switch (config.dtype()) {
          case F32 -> "float32";
          case BF16 -> "bfloat16";
          case F16 -> "float16";
          default -> config.dtype().wireName().toLowerCase(Locale.ROOT);
        };
    return new ServedCheckpoint(dir, config.vocabSize(), dtype);
  }
}

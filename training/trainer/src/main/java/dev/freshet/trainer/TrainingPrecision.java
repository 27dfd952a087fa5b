package dev.freshet.trainer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The type in which the trainer computes linear layers. Weights, their gradients, the optimizer,
 * attention, norms, the softmax over the vocabulary and the loss are in 32-bit floats either way. A
 * constant's lower-case name is its name in the configuration.
 */
public enum TrainingPrecision {
  /** {@link #BFLOAT16} on a processor with instructions for it, else {@link #FLOAT32}. */
  AUTO,
  FLOAT32,
  BFLOAT16;

  /** Linux's description of the processors. */
  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

  /** The names of the instructions that multiply in bfloat16. */
  private static final List<String> INSTRUCTIONS = List.of("avx512_bf16", "amx_bf16");

  /** FLOAT32 or BFLOAT16. */
  public TrainingPrecision resolved() {
    if (this != AUTO) {
      return this;
    }
    return multipliesInBfloat16() ? BFLOAT16 : FLOAT32;
  }

  private static boolean multipliesInBfloat16() {
    if (!Files.exists(PROCESSORS)) {
      return false;
    }
    try {
      return Files.readAllLines(PROCESSORS).stream()
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .stream()
          .flatMap(flags -> Arrays.stream(flags.split(" ", -1)))
          .anyMatch(INSTRUCTIONS::contains);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + PROCESSORS, e);
    }
  }

  /** The libtorch type of {@link #resolved()}. */
  ScalarType type() {
    return resolved() == BFLOAT16 ? ScalarType.BFloat16 : ScalarType.Float;
  }
}

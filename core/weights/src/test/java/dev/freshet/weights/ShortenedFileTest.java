package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A published file is shortened while its checkpoint is read. The reader is a separate process,
 * which must survive.
 */
@Timeout(120)
class ShortenedFileTest {
  private static final int ROUNDS = 8;
  private static final int BYTES = 16 << 20;

  /**
   * The child process: shortens one checkpoint after another while reading it, and prints the
   * errors.
   */
  static final class Reader {
    private Reader() {}

    public static void main(String[] arguments) throws Exception {
      CheckpointStore store = new CheckpointStore(Path.of(arguments[0]));
      int rounds = Integer.parseInt(arguments[1]);
      List<TensorView> tensors =
          List.of(
              RawFiles.tensor("a", DType.BF16, new byte[BYTES], BYTES / 2),
              RawFiles.tensor("b", DType.F32, new byte[BYTES], BYTES / 4),
              RawFiles.tensor("c", DType.F32, new byte[BYTES], BYTES / 4));
      for (int round = 1; round <= rounds; round++) {
        Path file = store.publish(round, 0, tensors, Map.of()).resolve("model.safetensors");
        store.retain(1, Set.of());
        try (Checkpoint checkpoint = CheckpointStore.openPublished(store.path(round))) {
          long delayMicros =
              3_000L + 700L * round; // Shortens it at another point of a pass each time.
          Thread cutter = new Thread(() -> cut(file, delayMicros), "cutter");
          cutter.start();
          refusal(checkpoint, round % 2 == 0);
          cutter.join();
        }
      }
    }

    private static void refusal(Checkpoint checkpoint, boolean populate) {
      long start = System.nanoTime();
      while (System.nanoTime() - start < TimeUnit.SECONDS.toNanos(60)) {
        try {
          checkpoint.dropPages();
          if (populate) {
            checkpoint.populate();
          } else {
            checkpoint.verifyContents();
          }
        } catch (CheckpointException e) {
          System.out.println(e.getMessage());
          return;
        }
      }
      throw new AssertionError("the shortened file was not detected");
    }

    private static void cut(Path file, long delayMicros) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        TimeUnit.MICROSECONDS.sleep(delayMicros);
        channel.truncate(5_000);
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Xint", "-XX:TieredStopAtLevel=1", "-XX:+TieredCompilation"})
  void aFileShortenedWhileItIsReadIsNamedAndTheProcessSurvives(String mode, @TempDir Path run)
      throws Exception {
    Process child =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                mode,
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Reader.class.getName(),
                run.resolve("weights").toString(),
                String.valueOf(ROUNDS))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .redirectOutput(run.resolve("refusals").toFile())
            .start();
    try {
      assertThat(child.waitFor(100, TimeUnit.SECONDS)).isTrue();
    } finally {
      child.destroyForcibly();
    }

    assertThat(child.exitValue()).isZero();
    assertThat(run.resolve("refusals"))
        .content()
        .hasLineCount(ROUNDS)
        .matches("(.*model\\.safetensors: 5000 bytes, expected the [0-9]+ that are mapped.*\n)+");
  }
}

package dev.freshet.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the files of a model directory hold, reading it succeeds or is refused in one line. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MutatedDirectoryTest {
  private static final int ROUNDS = 1_500;
  private static final Path FIXTURE = GoldenModelTest.FIXTURES.resolve("tiny-qwen3-untied-shards");

  /** Values that mean something to a parser, a shape, an offset or a path. */
  private static final List<String> PIECES =
      List.of(
          "null",
          "-1",
          "0",
          "1e999",
          "9223372036854775807",
          "2147483648",
          "99999999999999999999",
          "[]",
          "{}",
          "\"\"",
          "true",
          "NaN",
          "\"\\u0000\"",
          "\"../x\"",
          ",",
          ":",
          "}",
          "]",
          "\"");

  @TempDir Path dir;

  @Test
  void anyMutationIsReadOrRefusedInOneLine() throws IOException {
    List<String> names;
    try (var files = Files.list(FIXTURE)) {
      names =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".safetensors") || name.endsWith(".json"))
              .filter(name -> !name.equals("golden.json"))
              .sorted()
              .toList();
    }
    for (String name : names) {
      Files.copy(FIXTURE.resolve(name), dir.resolve(name));
    }
    Random random = new Random(11);
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      String name = names.get(random.nextInt(names.size()));
      byte[] whole = Files.readAllBytes(dir.resolve(name));
      Files.write(dir.resolve(name), mutated(whole, random));
      try (Checkpoint checkpoint = Checkpoint.open(dir)) {
        Parameters parameters = Parameters.of(ConfigJson.read(dir), checkpoint);
        checkpoint.verifyContents(parameters.views().values());
      } catch (CheckpointException | ModelException e) {
        refused++;
        assertThat(e.getMessage())
            .contains(dir.toString())
            .hasSizeLessThan(1_200)
            .matches("\\P{Cntrl}*");
      }
      Files.write(dir.resolve(name), whole);
    }
    assertThat(refused).isGreaterThan(ROUNDS / 10);
  }

  /** A few bytes replaced, or a piece put over or between the bytes near the beginning. */
  private static byte[] mutated(byte[] whole, Random random) {
    int header = Math.min(whole.length, 4_000);
    int at = random.nextInt(header);
    if (random.nextInt(3) == 0) {
      byte[] changed = whole.clone();
      for (int i = 0; i < 1 + random.nextInt(3); i++) {
        changed[random.nextInt(header)] = (byte) random.nextInt(256);
      }
      return changed;
    }
    byte[] piece = PIECES.get(random.nextInt(PIECES.size())).getBytes(StandardCharsets.UTF_8);
    int cut = Math.min(whole.length - at, random.nextInt(12));
    byte[] changed = new byte[whole.length - cut + piece.length];
    System.arraycopy(whole, 0, changed, 0, at);
    System.arraycopy(piece, 0, changed, at, piece.length);
    System.arraycopy(whole, at + cut, changed, at + piece.length, whole.length - at - cut);
    return changed;
  }
}

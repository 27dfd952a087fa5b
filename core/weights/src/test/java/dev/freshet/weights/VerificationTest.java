package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerificationTest {
  @TempDir Path run;

  private Path dir;
  private Path manifest;

  @BeforeEach
  void publish() {
    dir =
        new CheckpointStore(run)
            .publish(
                5,
                4,
                List.of(
                    RawFiles.tensor("a", DType.F32, RawFiles.floats(1, 2, 3, 4), 2, 2),
                    RawFiles.tensor("b", DType.F32, RawFiles.floats(5), 1)),
                Map.of("config.json", "{}".getBytes(StandardCharsets.UTF_8)));
    manifest = dir.resolve("manifest.json");
  }

  @Test
  void aDirectoryThatIsMissingIsRefused() {
    assertRefused(
        run.resolve("step_6"), run.resolve("step_6") + ": not found, expected the directory");
  }

  @Test
  void aCheckpointWithoutStableIsRefused() throws IOException {
    Files.delete(dir.resolve("STABLE"));

    assertRefused(dir, dir + ": no STABLE file, expected a complete published checkpoint");
  }

  @Test
  void aCheckpointWithoutManifestIsRefused() throws IOException {
    Files.delete(manifest);

    assertRefused(dir, manifest + ": not found, expected the manifest of a published checkpoint");
  }

  @Test
  void aFlippedBitIsFoundAndItsTensorNamed() throws IOException {
    Path file = dir.resolve("model.safetensors");
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(bytes.length() - 1);
      int last = bytes.read();
      bytes.seek(bytes.length() - 1);
      bytes.write(last ^ 1);
    }

    assertRefused(dir, dir + ": tensor 'b': CRC32C ");
    assertRefused(dir, "as in the manifest: the data is corrupt");
  }

  @Test
  void aFileWithAnotherSizeIsRefusedAndNamed() throws IOException {
    Files.writeString(dir.resolve("config.json"), "{} ");

    assertRefused(dir, dir.resolve("config.json") + ": 3 bytes, expected 2 as in the manifest");
  }

  @Test
  void aMissingFileIsRefusedAndNamed() throws IOException {
    Files.delete(dir.resolve("config.json"));

    assertRefused(
        dir,
        dir.resolve("config.json") + ": not found, expected a file of 2 bytes as in the manifest");
  }

  @Test
  void aDirectoryWithAnotherStepsNameIsRefused() throws IOException {
    Path renamed = Files.move(dir, run.resolve("step_6"));

    assertRefused(renamed, "step is 5, expected 6 as the directory is named");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'a':{'dtype':'F32','shape':[2,2] | 'a':{'dtype':'F32','shape':[4] | tensor 'a': F32 [2, 2], expected F32 [4] as in the manifest",
        "'a':{'dtype':'F32' | 'a':{'dtype':'I32' | tensor 'a': F32 [2, 2], expected I32 [2, 2] as in the manifest",
        "'a':{'dtype':'F32' | 'c':{'dtype':'F32' | tensor 'c': not found, but the manifest lists it",
        "'shape':[1] | 'shape':[-1] | tensors.'b'.shape is an integer, expected a non-negative integer",
        "'shape':[1] | 'shape':1 | tensors.'b'.shape is an integer, expected an array",
        "'dtype':'F32','shape':[1] | 'dtype':7,'shape':[1] | tensors.'b'.dtype is an integer, expected one of",
        "'crc32c':' | 'crc32c':'x | tensors.'a'.crc32c is",
        "'step':5 | 'step':'five' | step is a string, expected a non-negative integer",
        "'step':5, | `` | step is missing, expected a non-negative integer",
        "'base_version':4 | 'base_version':-1 | base_version is an integer",
        "'files': | 'flies': | files is missing, expected an object",
        "'tensors': | 'tensor': | tensors is missing, expected an object",
        "'config.json' | '../config.json' | files.'../config.json': expected the name of a file in the same directory",
        "'config.json' | '..' | files.'..': expected the name of a file in the same directory",
        "'config.json' | 'a\\u0000' | files.'a\\u0000': expected the name of a file in the same directory",
        "{'step' | 'step' | not valid JSON",
      })
  void aManifestThatDisagreesIsRefusedInOneLine(String from, String to, String expected)
      throws IOException {
    String text = Files.readString(manifest);
    String changed = text.replace(from.replace('\'', '"'), to.replace('\'', '"'));
    Assertions.assertThat(changed).isNotEqualTo(text);
    Files.writeString(manifest, changed);

    assertRefused(dir, expected);
  }

  @Test
  void aTensorThatTheManifestDoesNotListIsRefused() throws IOException {
    String text = Files.readString(manifest);
    Files.writeString(manifest, text.replaceFirst(",\"b\":\\{[^}]*}", ""));

    assertRefused(dir, "tensor 'b': not in the manifest, expected only what it lists");
  }

  @Test
  void aManifestCutAnywhereIsRefused() throws IOException {
    byte[] whole = Files.readAllBytes(manifest);
    for (int length = 0; length < whole.length; length += 7) {
      Files.write(manifest, Arrays.copyOf(whole, length));
      assertRefused(dir, manifest + ": ");
    }
  }

  @Test
  void oneCorruptTensorOfManyIsNamedByTheParallelScan() throws IOException {
    List<TensorView> tensors = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      byte[] data = new byte[1 << 20];
      data[i] = 1;
      tensors.add(RawFiles.tensor("t" + i, DType.U8, data, data.length));
    }
    Path large = new CheckpointStore(run).publish(6, 5, tensors, Map.of());
    assertThatCode(() -> CheckpointStore.verify(large)).doesNotThrowAnyException();
    Path file = large.resolve("model.safetensors");
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(bytes.length() - 5 * (1 << 20) + 17);
      bytes.write(1);
    }

    assertRefused(large, "tensor 't7': CRC32C ");
  }

  private static void assertRefused(Path dir, String expected) {
    assertThatThrownBy(() -> CheckpointStore.verify(dir))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(expected)
        .hasMessageNotContaining("\n");
  }
}

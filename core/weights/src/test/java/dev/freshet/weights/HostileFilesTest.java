package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A posted directory may hold anything under the names of a checkpoint's files. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
class HostileFilesTest {
  private static final String A = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";

  @TempDir Path run;

  private Path dir;

  @BeforeEach
  void publish() {
    dir =
        new CheckpointStore(run)
            .publish(
                1,
                0,
                List.of(RawFiles.tensor("a", DType.F32, RawFiles.floats(1), 1)),
                Map.of("config.json", "{}".getBytes(StandardCharsets.UTF_8)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "manifest.json", "config.json"})
  void aFifoIsRefusedWithoutWaitingForItsWriter(String name) throws Exception {
    Files.delete(dir.resolve(name));
    assumeTrue(new ProcessBuilder("mkfifo", dir.resolve(name).toString()).start().waitFor() == 0);

    assertRefused(name, "FIFO");
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "manifest.json", "config.json"})
  void aLinkToADeviceIsRefused(String name) throws IOException {
    replaceByLink(name, Path.of("/dev/zero"));

    assertRefused(name, "is a FIFO, a device or a socket, expected");
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "manifest.json", "config.json"})
  void aSocketIsRefused(String name) throws IOException {
    Files.delete(dir.resolve(name));
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(dir.resolve(name)));

      assertRefused(name, "");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "manifest.json", "config.json"})
  void aLinkToItselfADeadLinkAndADirectoryAreRefused(String name) throws IOException {
    replaceByLink(name, dir.resolve(name));
    assertRefused(name, "");
    replaceByLink(name, dir.resolve("nowhere"));
    assertRefused(name, "");
    Files.delete(dir.resolve(name));
    Files.createDirectory(dir.resolve(name));
    assertRefused(name, "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"manifest.json", "config.json"})
  void aSparseFileOfTerabytesIsRefusedBeforeItIsRead(String name) throws IOException {
    lengthen(dir.resolve(name));

    assertRefused(name, " bytes, expected ");
  }

  @Test
  void weightsOfTerabytesOfNothingAreRefusedByTheirHeader() throws IOException {
    Files.delete(dir.resolve("manifest.json"));
    lengthen(dir.resolve("model.safetensors"));

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("belong to no tensor");
  }

  @Test
  void aLinkToARegularFileIsRead() throws IOException {
    Path elsewhere = Files.move(dir.resolve("model.safetensors"), run.resolve("blob"));
    Files.createSymbolicLink(dir.resolve("model.safetensors"), elsewhere);

    CheckpointStore.verify(dir);
  }

  @Test
  void aHeaderOfNinetyMegabytesIsRefusedBeforeItIsRead() throws IOException {
    byte[] padded = new byte[90_000_000];
    Arrays.fill(padded, (byte) ' ');
    byte[] json = (A + "}").getBytes(StandardCharsets.UTF_8);
    System.arraycopy(json, 0, padded, 0, json.length);
    RawFiles.withLength(
        dir.resolve("model.safetensors"), padded.length, padded, RawFiles.floats(1));

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageContaining("header length 90000000, expected at most 8388608 bytes");
  }

  /** The most memory and time for its bytes: the least JSON for the most objects. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[],",
        "{},",
        "0,",
        "[[[[[]]]]],",
        "\"\",",
        "{\"a\":{}},",
        "1e9,",
        "null,",
        "[[[[[[[[[[[[",
      })
  void aLongestHeaderOfSmallValuesIsRefusedWithinBounds(String unit) throws IOException {
    StringBuilder header = new StringBuilder("{\"a\":[");
    while (header.length() < SafetensorsFile.MAX_HEADER_BYTES - 100) {
      header.append(unit);
    }
    RawFiles.safetensors(
        dir.resolve("model.safetensors"), header.append("0]}").toString(), new byte[0]);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("header: expected JSON of at most");
  }

  @Test
  void numbersAndNamesOfAnyLengthAreRefused() throws IOException {
    for (String header :
        List.of(
            A.replace("[1]", "[" + "9".repeat(100_000) + "]") + "}",
            "{\"" + "n".repeat(100_000) + "\":3}",
            A.replace("F32", "F".repeat(1_000_000)) + "}")) {
      RawFiles.safetensors(dir.resolve("model.safetensors"), header, RawFiles.floats(1));

      assertThatThrownBy(() -> Checkpoint.open(dir))
          .isInstanceOf(CheckpointException.class)
          .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(1_200));
    }
  }

  @Test
  void noMessageQuotesTheContentOfAFile() throws IOException {
    for (String secret :
        List.of(
            "root:x:0:0:secret",
            "{\"files\":\"secret\"}",
            "{\"step\":\"secret\",\"files\":{},\"tensors\":{}}",
            "{\"files\":{\"a\":\"secret\"}}",
            "{\"files\":{},\"tensors\":{\"a\":{\"dtype\":\"F32\",\"shape\":[\"secret\"]}}}",
            "{\"weight_map\":{\"a\":[\"secret\"]}}",
            "secret",
            "[secret]",
            "{\"x\":secret}",
            "\"secret\"")) {
      for (String name : List.of("manifest.json", "model.safetensors")) {
        Path file = dir.resolve(name);
        byte[] before = Files.readAllBytes(file);
        Files.writeString(file, secret);
        assertThatThrownBy(() -> CheckpointStore.verify(dir))
            .isInstanceOf(CheckpointException.class)
            .hasMessageStartingWith(file.toString())
            .hasMessageNotContaining("secret")
            .hasMessageNotContaining("root");
        Files.write(file, before);
      }
      Path header = dir.resolve("model.safetensors");
      byte[] before = Files.readAllBytes(header);
      RawFiles.safetensors(header, secret, new byte[4]);
      assertThatThrownBy(() -> Checkpoint.open(dir))
          .isInstanceOf(CheckpointException.class)
          .hasMessageNotContaining("secret");
      Files.delete(header);
      Files.writeString(dir.resolve("model.safetensors.index.json"), secret);
      assertThatThrownBy(() -> Checkpoint.open(dir))
          .isInstanceOf(CheckpointException.class)
          .hasMessageNotContaining("secret");
      Files.write(header, before);
    }
  }

  @Test
  void aNameThatLooksLikeALogLineIsEscaped() throws IOException {
    String forged = "x\\n[weights][00000000deadbeef] client.done wall_ms=9.0\\u001b[31m";
    RawFiles.safetensors(
        dir.resolve("model.safetensors"), "{\"%s\":3}".formatted(forged), new byte[0]);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageContaining("x\\u000a[weights\\]")
        .hasMessageNotContaining("[weights]")
        .hasMessageNotContaining("\u001b");
  }

  private void replaceByLink(String name, Path target) throws IOException {
    Files.deleteIfExists(dir.resolve(name));
    Files.createSymbolicLink(dir.resolve(name), target);
  }

  private static void lengthen(Path file) throws IOException {
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(1L << 40);
    }
  }

  private void assertRefused(String name, String fault) {
    Path file = dir.resolve(name);
    assertThatThrownBy(
            () -> {
              ModelFile.Kind kind =
                  name.equals("manifest.json") ? ModelFile.Kind.MANIFEST : ModelFile.Kind.CONFIG;
              if (name.equals("model.safetensors")) {
                Checkpoint.open(dir);
              } else {
                ModelFile.json(file, kind);
              }
            })
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(fault)
        .hasMessageContaining(dir.toString());
    assertThatThrownBy(() -> CheckpointStore.verify(dir)).isInstanceOf(CheckpointException.class);
  }
}

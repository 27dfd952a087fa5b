package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
  @TempDir Path dir;

  private Path file;

  @BeforeEach
  void nameFile() {
    file = dir.resolve("model.safetensors");
  }

  @Test
  void tensorsAreViewsOfTheBytesInTheFile() throws IOException {
    RawFiles.safetensors(
        file,
        """
        {"__metadata__":{"format":"pt"},
         "b":{"dtype":"F32","shape":[1,2],"data_offsets":[2,10]},
         "a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},
         "none":{"dtype":"I64","shape":[3,0],"data_offsets":[10,10]}}  \
        """,
        concat(RawFiles.shorts(0x3f80), RawFiles.floats(1.5f, -2f)));

    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      assertThat(checkpoint.tensors().keySet()).containsExactly("b", "a", "none");
      assertThat(checkpoint.bytes()).isEqualTo(10);
      TensorView b = tensor(checkpoint, "b");
      assertThat(b.dtype()).isEqualTo(DType.F32);
      assertThat(b.shape()).containsExactly(1, 2);
      assertThat(b.elements()).isEqualTo(2);
      assertThat(b.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4)).isEqualTo(-2f);
      assertThat(b.data().isReadOnly()).isTrue();
      assertThat(tensor(checkpoint, "a").elements()).isEqualTo(1);
      assertThat(tensor(checkpoint, "none").elements()).isZero();
    }
  }

  @Test
  void deletingTheDirectoryLeavesTheMappingReadable() throws IOException {
    RawFiles.safetensors(
        file,
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        RawFiles.floats(7f));

    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      Files.delete(file);
      assertThat(tensor(checkpoint, "a").data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0))
          .isEqualTo(7f);
    }
  }

  @Test
  void aClosedCheckpointCannotBeRead() throws IOException {
    RawFiles.safetensors(
        file,
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        RawFiles.floats(7f));
    Checkpoint checkpoint = Checkpoint.open(dir);
    TensorView a = tensor(checkpoint, "a");

    checkpoint.close();
    checkpoint.close();

    assertThatThrownBy(() -> a.data().get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  /** Each header stands before 8 bytes of data; {@code '} for {@code "}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'a':{'dtype':'F32','shape':[0],'data_offsets':[8,8]}} | header: a field appears twice (line 1, column ",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,12]}} | tensor 'a': data ends at byte 12, but only 8 bytes follow the header",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | 4 bytes at the end belong to no tensor",
        "{} | 8 bytes follow the header, expected 0",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}} | tensor 'a': data_offsets [0, 4] span 4 bytes, expected 8 for F32 [2]",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,0]}} | tensor 'a': data_offsets are [4, 0], expected [begin, end]",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[-4,0]}} | tensor 'a': data_offsets holds -4, expected a non-negative integer",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0]}} | data_offsets are [0], expected [begin, end]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':8}} | data_offsets is an integer, expected an array",
        "{'a':{'dtype':'F32','shape':[2]}} | data_offsets is missing, expected an array",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | tensor 'a': shape holds -2, expected a non-negative integer",
        "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}} | shape holds 2.0, expected a non-negative integer",
        "{'a':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,0]}} | shape [4611686018427387904, 4] of F32 overflows",
        "{'a':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}} | shape holds 99999999999999999999",
        "{'a':{'dtype':'F4','shape':[8],'data_offsets':[0,8]}} | tensor 'a': dtype is 'F4', expected one of F64, F32",
        "{'a':{'shape':[8],'data_offsets':[0,8]}} | dtype is missing",
        "{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},'b':{'dtype':'U8','shape':[6],'data_offsets':[2,8]}} | tensor 'b': data begins at byte 2 and overlaps tensor 'a', expected byte 4",
        "{'a':{'dtype':'U8','shape':[2],'data_offsets':[0,2]},'b':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}} | tensor 'b': data begins at byte 4 and leaves a hole after tensor 'a', expected byte 2",
        "{'a':{'dtype':'U8','shape':[6],'data_offsets':[2,8]}} | leaves a hole after the header, expected byte 0",
        "{'a':3} | tensor 'a': the entry is an integer, expected an object",
        "{'a':{'dtype':'F32 [gen] a=b','shape':[8],'data_offsets':[0,8]}} | dtype is 'F32 [gen\\] a=b', expected",
        "{'a':{'dtype':'F32','shape':['secret'],'data_offsets':[0,8]}} | shape holds a string, expected",
        "{'__metadata__':{'n':1},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | __metadata__: 'n' is an integer, expected a string",
        "{'__metadata__':[],'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | __metadata__ is an array, expected an object of strings",
        "[1] | the header is an array, expected a JSON object",
        "not json | header: not valid JSON (line 1, column ",
        "{'a': | header: not valid JSON (line 1, column ",
        "{} trailing | header: not valid JSON (line 1, column ",
      })
  void anInconsistentHeaderIsRefusedInOneLine(String header, String expected) throws IOException {
    RawFiles.safetensors(file, header.replace('\'', '"'), new byte[8]);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(expected.replace("\\\"", "\""))
        .hasMessageNotContaining("\n");
  }

  @Test
  void nullMetadataIsNone() throws IOException {
    RawFiles.safetensors(
        file,
        "{\"__metadata__\":null,\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        RawFiles.floats(7f));

    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      assertThat(checkpoint.tensors()).containsOnlyKeys("a");
    }
  }

  @Test
  void aNameFromTheFileIsEscapedInTheMessage() throws IOException {
    RawFiles.safetensors(file, "{\"a\\nb\\u2028c\":3}", new byte[0]);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageContaining("tensor 'a\\u000ab\\u2028c'")
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7})
  void aFileTooShortForAHeaderLengthIsTruncated(int bytes) throws IOException {
    Files.write(file, new byte[bytes]);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessage(
            "%s: truncated: %d bytes, expected at least the 8 of a safetensors header length",
            file, bytes);
  }

  @Test
  void aFileCutAnywhereIsRefused() throws IOException {
    String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    byte[] whole = Files.readAllBytes(RawFiles.safetensors(file, header, RawFiles.floats(1, 2)));

    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Checkpoint.open(dir))
          .as("cut to %d of %d bytes", length, whole.length)
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("truncated");
    }
  }

  @Test
  void aHeaderLengthBeyondTheFileIsTruncated() throws IOException {
    RawFiles.withLength(file, 1000, "{}".getBytes(StandardCharsets.UTF_8), new byte[0]);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessage(
            "%s: truncated: header length 1000, but the file holds only 2 bytes after it", file);
  }

  @ParameterizedTest
  @ValueSource(longs = {8_388_609L, 100_000_001L, Long.MAX_VALUE, -1L})
  void aHeaderLengthAboveTheLimitIsRefusedBeforeItIsRead(long length) throws IOException {
    RawFiles.withLength(file, length, "{}".getBytes(StandardCharsets.UTF_8), new byte[0]);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessageContaining(
            "header length %s, expected at most 8388608 bytes", Long.toUnsignedString(length));
  }

  @Test
  void aDirectoryInPlaceOfTheFileIsRefused() throws IOException {
    Files.createDirectory(file);

    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessage("%s: is a directory, expected a safetensors file", file);
  }

  @Test
  void aFileWithoutPermissionIsRefused() throws IOException {
    RawFiles.safetensors(file, "{}", new byte[0]);
    assumeFalse(!file.toFile().setReadable(false) || Files.isReadable(file), "root reads all");

    assertThatThrownBy(() -> Checkpoint.open(dir)).hasMessageContaining("permission denied");
  }

  @Test
  void aMissingDirectoryAndOneWithoutWeightsAreRefused() throws IOException {
    assertThatThrownBy(() -> Checkpoint.open(dir.resolve("nowhere")))
        .hasMessageStartingWith(dir.resolve("nowhere") + ": not found, expected a directory");
    Files.createFile(dir.resolve("file"));
    assertThatThrownBy(() -> Checkpoint.open(dir.resolve("file")))
        .hasMessageContaining("not a directory, expected a directory");
    assertThatThrownBy(() -> Checkpoint.open(dir))
        .hasMessage(
            "%s: no weights, expected model.safetensors or model.safetensors.index.json", dir);
  }

  private static TensorView tensor(Checkpoint checkpoint, String name) {
    return Objects.requireNonNull(checkpoint.tensors().get(name));
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}

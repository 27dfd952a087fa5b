package dev.freshet.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.weights.CheckpointException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A GGUF file from outside may hold anything: it is refused in one sentence, in bounded memory. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileGgufTest {
  private static final long HUGE = 1L << 62;

  @TempDir Path dir;

  private void refused(GgufBuilder gguf, String expected) throws IOException {
    refused(gguf.bytes(), expected);
  }

  private void refused(byte[] bytes, String expected) throws IOException {
    Path file = Files.write(dir.resolve("hostile.gguf"), bytes);
    assertThatThrownBy(() -> GgufFile.open(file).close())
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(expected)
        .message()
        .hasLineCount(1);
  }

  private static byte[] longs(long... numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.stream(numbers).forEach(bytes::putLong);
    return bytes.array();
  }

  /** An array's type and length, without elements. */
  private static byte[] array(int type, long length) {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(type)
        .putLong(length)
        .array();
  }

  @Test
  void anotherFileIsRefused() throws IOException {
    refused(new byte[0], "truncated: 0 bytes");
    refused("GGU".getBytes(StandardCharsets.US_ASCII), "truncated: 3 bytes");
    refused(
        "{\"a\": 1, \"b\": 2, \"c\": 3}".getBytes(StandardCharsets.US_ASCII), "not a GGUF file");
    assertThatThrownBy(() -> GgufFile.open(dir.resolve("none.gguf")).close())
        .hasMessageContaining("not found, expected a GGUF file");
    assertThatThrownBy(() -> GgufFile.open(dir).close()).hasMessageContaining("is a directory");
  }

  @Test
  void anotherVersionOrByteOrderIsRefused() throws IOException {
    refused(new GgufBuilder().version(1), "version 1, expected 2 or 3");
    refused(new GgufBuilder().version(4), "version 4, expected 2 or 3");
    refused(new GgufBuilder().version(3 << 24), "a big-endian file, expected little endian");
  }

  @Test
  void countsBeyondAnyFileAreRefused() throws IOException {
    refused(new GgufBuilder().counts(HUGE, 0), "tensors, expected at most");
    refused(new GgufBuilder().counts(0, -1), "18446744073709551615 keys, expected at most");
    refused(new GgufBuilder().counts(0, 10), "truncated");
    refused(new GgufBuilder().counts(10, 0), "truncated");
  }

  @Test
  void lengthsBeyondTheFileAreRefused() throws IOException {
    refused(new GgufBuilder().rawKey("k", 8, longs(HUGE)), "bytes of text, expected at most");
    refused(new GgufBuilder().rawKey("k", 8, longs(1000)), "key 'k': truncated");
    refused(
        new GgufBuilder().rawKey("k", 9, array(4, HUGE)), "elements of arrays, expected at most");
    refused(new GgufBuilder().rawKey("k", 9, array(4, 1000)), "key 'k': truncated");
    refused(new GgufBuilder().rawKey("k", 9, array(8, 1000)), "key 'k': truncated");
  }

  @Test
  void anArrayOfASparseFileCostsBoundedMemory() throws IOException {
    Path file = dir.resolve("sparse.gguf");
    Files.write(file, new GgufBuilder().rawKey("k", 9, array(8, 1L << 31)).bytes());
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(1L << 36);
    }

    assertThatThrownBy(() -> GgufFile.open(file).close())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("elements of arrays, expected at most");
  }

  @Test
  void unknownNestedAndInvalidValuesAreRefused() throws IOException {
    refused(new GgufBuilder().rawKey("k", 13), "a value of type 13");
    refused(new GgufBuilder().rawKey("k", 9, array(9, 1)), "an array of arrays");
    refused(new GgufBuilder().rawKey("k", 9, array(77, 1)), "a value of type 77");
    refused(new GgufBuilder().rawKey("k", 7, (byte) 2), "the boolean 2, expected 0 or 1");
    refused(
        new GgufBuilder().rawKey("k", 8, new byte[] {1, 0, 0, 0, 0, 0, 0, 0, -1}),
        "not valid UTF-8");
    refused(new GgufBuilder().key("k", 1).key("k", 2), "key 'k': appears twice");
    refused(new GgufBuilder().key("a\nb", 1).key("a\nb", 2), "key 'a\\u000ab'");
  }

  @Test
  void anAlignmentThatIsNoPowerOfTwoIsRefused() throws IOException {
    for (int alignment : new int[] {0, 1, 24, Integer.MAX_VALUE, 1 << 30}) {
      refused(
          new GgufBuilder().key("general.alignment", alignment),
          "general.alignment is %d, expected a power of two".formatted(alignment));
    }
    refused(new GgufBuilder().key("general.alignment", "32"), "is a string, expected an integer");
  }

  @Test
  void shapesThatOverflowOrSplitABlockAreRefused() throws IOException {
    refused(new GgufBuilder().rawTensor("t", 0, 0, HUGE, HUGE, 4), "overflows");
    refused(new GgufBuilder().rawTensor("t", 0, 0, -1, 4), "expected positive dimensions");
    refused(new GgufBuilder().rawTensor("t", 0, 0, 0, 4), "expected positive dimensions");
    refused(new GgufBuilder().rawTensor("t", 0, 0, 0), "rows of 0 elements");
    refused(new GgufBuilder().rawTensor("t", 0, 0, HUGE), "rows of %d elements".formatted(HUGE));
    refused(new GgufBuilder().rawTensor("t", 2, 0, 33), "expected a multiple of 32");
    refused(new GgufBuilder().rawTensor("t", 0, 0), "0 dimensions, expected 1 to 4");
    refused(new GgufBuilder().rawTensor("t", 0, 0, 1, 1, 1, 1, 1), "5 dimensions");
  }

  @Test
  void dataOutsideTheFileIsRefused() throws IOException {
    refused(new GgufBuilder().rawTensor("t", 0, 0, 4), "16 bytes at byte 0, but the file has 0");
    refused(
        new GgufBuilder().tensor("t", 0, new byte[16], 4).rawTensor("u", 0, Long.MAX_VALUE - 31, 4),
        "but the file has 16 bytes of data");
    refused(new GgufBuilder().rawTensor("t", 0, -32, 4), "expected a multiple of 32");
    refused(new GgufBuilder().rawTensor("t", 0, 4, 4), "expected a multiple of 32");
    refused(
        new GgufBuilder().tensor("t", 0, new byte[64], 16).rawTensor("u", 0, 32, 4),
        "overlaps another tensor");
    refused(
        new GgufBuilder().tensor("t", 0, new byte[4], 1).tensor("t", 0, new byte[4], 1),
        "tensor 't': appears twice");
  }

  @Test
  void typesThatAreNotReadAreRefusedByName() throws IOException {
    refused(new GgufBuilder().rawTensor("t", 12, 0, 256), "tensor 't': type Q4_K is not supported");
    refused(new GgufBuilder().rawTensor("t", 14, 0, 256), "type Q6_K is not supported");
    refused(new GgufBuilder().rawTensor("t", 4, 0, 256), "type number 4 is not supported");
    refused(new GgufBuilder().rawTensor("t", -1, 0, 256), "type number 4294967295");
  }

  @Test
  void everyTruncationIsRefusedInOneSentence() throws IOException {
    byte[] whole =
        new GgufBuilder()
            .key("general.architecture", "llama")
            .key("tokens", List.of("a", "b"))
            .tensor("t", 0, new byte[16], 4)
            .bytes();
    for (int length = 0; length < whole.length; length++) {
      refused(Arrays.copyOf(whole, length), "truncated");
    }
  }

  @Test
  void damagedBytesAreReadOrRefusedButNeverAnotherFailure() throws IOException {
    byte[] whole =
        new GgufBuilder()
            .key("general.architecture", "llama")
            .key("general.alignment", 32)
            .key("tokens", List.of("a", "b"))
            .key("numbers", List.of(1, 2, 3))
            .tensor("t", 2, new byte[36], 2, 32)
            .bytes();
    Random random = new Random(7);
    int refused = 0;
    for (int trial = 0; trial < 3000; trial++) {
      byte[] damaged = whole.clone();
      for (int i = random.nextInt(3); i >= 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      Path file = Files.write(dir.resolve("damaged.gguf"), damaged);
      try (GgufFile gguf = GgufFile.open(file)) {
        for (GgufTensor tensor : gguf.tensors().values()) {
          tensor.read(0, new float[32 * (int) Math.min(1, tensor.data().byteSize() / 128)]);
        }
      } catch (CheckpointException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(100);
  }
}

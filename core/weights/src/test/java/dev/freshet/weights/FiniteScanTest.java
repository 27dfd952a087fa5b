package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiniteScanTest {
  @Test
  void everyBfloat16AndFloat16IsClassifiedByItsExponent() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      boolean brain = Float.isFinite(Float.intBitsToFloat(bits << 16));
      boolean half = Float.isFinite(Float.float16ToFloat((short) bits));
      assertThat(first(DType.BF16, RawFiles.shorts(bits)).isEmpty()).isEqualTo(brain);
      assertThat(first(DType.F16, RawFiles.shorts(bits)).isEmpty()).isEqualTo(half);
    }
  }

  @Test
  void everyFloat8IsClassified() {
    for (int bits = 0; bits < 1 << 8; bits++) {
      byte[] one = {(byte) bits};
      boolean fiveExponentBits = (bits >> 2 & 0x1f) != 0x1f;
      boolean fourExponentBits = (bits & 0x7f) != 0x7f;
      assertThat(first(DType.F8_E5M2, one).isEmpty()).isEqualTo(fiveExponentBits);
      assertThat(first(DType.F8_E4M3, one).isEmpty()).isEqualTo(fourExponentBits);
    }
    byte[] last = new byte[19];
    last[17] = (byte) 0xff;
    assertThat(first(DType.F8_E4M3, last)).hasValue(17);
  }

  @Test
  void randomFloatsAndDoublesAreClassifiedByTheirExponent() {
    Random random = new Random(2);
    for (int i = 0; i < 100_000; i++) {
      long bits = random.nextLong() | (i % 3 == 0 ? 0x7ff0_0000_7f80_0000L : 0);
      byte[] bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(bits).array();
      boolean twoFloats =
          Float.isFinite(Float.intBitsToFloat((int) bits))
              && Float.isFinite(Float.intBitsToFloat((int) (bits >>> 32)));
      assertThat(first(DType.F64, bytes).isEmpty())
          .isEqualTo(Double.isFinite(Double.longBitsToDouble(bits)));
      assertThat(first(DType.F32, bytes).isEmpty()).isEqualTo(twoFloats);
    }
  }

  @Test
  void theFirstIndexIsFoundAtAnyPosition() {
    int elements = 70_001; // More than one block, and not a whole number of words.
    for (int at : new int[] {0, 1, 16_383, 16_384, 32_768, 69_999, 70_000}) {
      float[] values = new float[elements];
      values[at] = Float.NaN;
      values[elements - 1] = Float.NEGATIVE_INFINITY;
      assertThat(first(DType.F32, RawFiles.floats(values))).hasValue(at);
    }
  }

  @Test
  void integersAreAlwaysFinite() {
    byte[] ones = new byte[16];
    Arrays.fill(ones, (byte) -1);
    assertThat(first(DType.I64, ones)).isEmpty();
    assertThat(first(DType.BOOL, ones)).isEmpty();
  }

  @Test
  void aCheckpointNamesTheTensorAndTheIndex(@TempDir Path dir) throws IOException {
    SafetensorsWriter.write(
        dir.resolve("model.safetensors"),
        List.of(
            RawFiles.tensor("fine", DType.F32, RawFiles.floats(1, 2), 2),
            RawFiles.tensor("broken", DType.F32, RawFiles.floats(1, 2, Float.NaN), 3)),
        Map.of());

    try (Checkpoint checkpoint = Checkpoint.open(dir)) {
      assertThatThrownBy(checkpoint::verifyContents)
          .isInstanceOf(CheckpointException.class)
          .hasMessage(
              "%s: tensor 'broken': element 2 is NaN or infinite, expected finite weights", dir);
    }
  }

  @Test
  void aCheckpointLargeEnoughForAParallelScanIsScannedCompletely(@TempDir Path dir)
      throws IOException {
    int floats = 1 << 20;
    byte[] last = RawFiles.floats(new float[floats]);
    List<TensorView> tensors =
        new ArrayList<>(
            List.of(
                RawFiles.tensor("a", DType.F32, RawFiles.floats(new float[floats]), floats),
                RawFiles.tensor("b", DType.F32, RawFiles.floats(new float[floats]), floats)));
    ByteBuffer.wrap(last)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putFloat(4 * (floats - 1), Float.POSITIVE_INFINITY);
    Path fine = Files.createDirectory(dir.resolve("fine"));
    Path broken = Files.createDirectory(dir.resolve("broken"));
    SafetensorsWriter.write(fine.resolve("model.safetensors"), tensors, Map.of());
    tensors.add(RawFiles.tensor("c", DType.F32, last, floats));
    SafetensorsWriter.write(broken.resolve("model.safetensors"), tensors, Map.of());

    try (Checkpoint checkpoint = Checkpoint.open(fine)) {
      assertThatCode(checkpoint::verifyContents).doesNotThrowAnyException();
    }
    try (Checkpoint checkpoint = Checkpoint.open(broken)) {
      assertThatThrownBy(checkpoint::verifyContents)
          .hasMessageContaining("tensor 'c': element 1048575 is NaN or infinite");
    }
  }

  private static OptionalLong first(DType dtype, byte[] data) {
    return FiniteScan.of(dtype).first(MemorySegment.ofArray(data), data.length);
  }
}

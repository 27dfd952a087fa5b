package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The conversion of stored tensors to another type. */
class FloatTensorTest {
  private static byte[] written(TensorSource tensor) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    tensor.<RuntimeException>forEachPiece(
        piece -> {
          byte[] copy = new byte[piece.remaining()];
          piece.get(copy);
          bytes.writeBytes(copy);
        });
    assertThat((long) bytes.size()).isEqualTo(tensor.byteSize());
    return bytes.toByteArray();
  }

  private static TensorView floats(float... values) {
    return RawFiles.tensor("t", DType.F32, RawFiles.floats(values), values.length);
  }

  @Test
  void bfloat16IsRoundedToTheNearestAndTiesToEven() {
    float low = Float.intBitsToFloat(0x3f808000); // between 0x3f80 and 0x3f81
    float high = Float.intBitsToFloat(0x3f818000); // between 0x3f81 and 0x3f82
    float above = Float.intBitsToFloat(0x3f808001);

    assertThat(written(FloatTensor.of(floats(low, high, above, -0f), DType.BF16)))
        .isEqualTo(RawFiles.shorts(0x3f80, 0x3f82, 0x3f81, 0x8000));
  }

  @Test
  void float16IsRoundedToTheNearestAndTiesToEven() {
    assertThat(
            written(
                FloatTensor.of(floats(0.5f, -3f, 1 + 0x1p-11f, 1 + 0x3p-11f, 65504), DType.F16)))
        .isEqualTo(RawFiles.shorts(0x3800, 0xc200, 0x3c00, 0x3c02, 0x7bff));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void aTypeThatHoldsTheValuesKeepsThem(DType type) {
    TensorView original = floats(1.5f, -0.25f, 0, 96, -7);
    TensorSource there = FloatTensor.of(original, type);
    TensorView stored = RawFiles.tensor("t", type, written(there), 5);

    assertThat(written(FloatTensor.of(stored, DType.F32)))
        .isEqualTo(RawFiles.floats(1.5f, -0.25f, 0, 96, -7));
  }

  @Test
  void aValueBeyondTheTypeIsNamedByItsElement() {
    assertThatThrownBy(() -> written(FloatTensor.of(floats(1, 70_000), DType.F16)))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("tensor 't': element 1 is 70000.0, expected a finite number of type F16");
    assertThatThrownBy(() -> written(FloatTensor.of(floats(Float.MAX_VALUE), DType.BF16)))
        .hasMessageContaining("element 0 is 3.4028235E38, expected a finite number of type BF16");
    for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
        assertThatThrownBy(() -> written(FloatTensor.of(floats(0, odd), type)))
            .hasMessageContaining("element 1 is " + odd);
      }
    }
  }

  @Test
  void aLargeTensorIsWrittenInBoundedPieces() {
    AtomicInteger pieces = new AtomicInteger();
    long[] shape = {3000, 1000};
    FloatTensor tensor =
        new FloatTensor(
            "t",
            DType.F32,
            shape,
            1000,
            (row, into) -> {
              for (int i = 0; i < into.length; i++) {
                into[i] = row * 1000 + i;
              }
            });
    long[] next = {0};
    tensor.<RuntimeException>forEachPiece(
        piece -> {
          pieces.incrementAndGet();
          assertThat(piece.remaining()).isLessThanOrEqualTo(1 << 20);
          ByteBuffer floats = piece.order(ByteOrder.LITTLE_ENDIAN);
          while (floats.hasRemaining()) {
            if (floats.getFloat() != next[0]++) {
              throw new AssertionError("element " + (next[0] - 1));
            }
          }
        });
    assertThat(next[0]).isEqualTo(3_000_000);
    assertThat(pieces.get()).isGreaterThan(10);
  }
}

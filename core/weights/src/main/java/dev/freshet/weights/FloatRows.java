package dev.freshet.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The elements of a stored tensor of type F32, BF16 or F16 as 32-bit floats. */
record FloatRows(TensorView view) implements FloatTensor.Rows {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public void read(long row, float[] into) {
    MemorySegment data = view.data();
    long offset = row * into.length * view.dtype().bytes();
    switch (view.dtype()) {
      case F32 -> MemorySegment.copy(data, FLOAT, offset, into, 0, into.length);
      case F16 -> {
        for (int i = 0; i < into.length; i++) {
          into[i] = Float.float16ToFloat(data.get(SHORT, offset + 2L * i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < into.length; i++) {
          into[i] = Float.intBitsToFloat(data.get(SHORT, offset + 2L * i) << 16);
        }
      }
      default ->
          throw new IllegalStateException(
              "tensor '%s': type %s, expected F32, BF16 or F16"
                  .formatted(view.name(), view.dtype()));
    }
  }
}

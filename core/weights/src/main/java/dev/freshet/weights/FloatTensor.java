package dev.freshet.weights;

import dev.freshet.trace.Quoted;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;

/**
 * A tensor that is computed row by row as 32-bit floats and written in another type, rounded to the
 * nearest value, ties to even. Memory: one row and one piece of 1 MiB, or two rows if a row is
 * longer. A value that is not finite in the written type is an error.
 *
 * @param dtype F32, BF16 or F16
 * @param width the elements of a row; the number of all elements is a multiple of it
 */
public record FloatTensor(String name, DType dtype, long[] shape, int width, Rows rows)
    implements TensorSource {
  private static final Set<DType> TYPES = Set.of(DType.F32, DType.BF16, DType.F16);
  private static final int PIECE_BYTES = 1 << 20;

  /** Reads rows. */
  public interface Rows {
    /**
     * Reads row {@code row} into {@code into}, which has the width of a row.
     *
     * @throws InternalError if a page of a mapping cannot be read
     */
    void read(long row, float[] into);
  }

  /** Adds to rows. */
  public interface Addition {
    /** Adds to the elements of row {@code row}. */
    void add(long row, float[] into);
  }

  public FloatTensor {
    shape = shape.clone();
    if (!TYPES.contains(dtype)) {
      throw new IllegalArgumentException(
          "tensor '%s': type %s, expected F32, BF16 or F16".formatted(name, dtype));
    }
    if (width < 1 || elements(dtype, shape) % width != 0) {
      throw new IllegalArgumentException(
          "tensor '%s': rows of %d, expected a divisor of %d elements"
              .formatted(name, width, elements(dtype, shape)));
    }
  }

  /** The values of {@code view}, which is F32, BF16 or F16, written as {@code dtype}. */
  public static FloatTensor of(TensorView view, DType dtype) {
    long[] shape = view.shape();
    int width = shape.length == 0 ? 1 : Math.toIntExact(Math.max(shape[shape.length - 1], 1));
    FloatRows rows = new FloatRows(view);
    return new FloatTensor(view.name(), dtype, shape, width, rows);
  }

  /** This tensor with {@code added} to each row. */
  public FloatTensor plus(Addition added) {
    return new FloatTensor(
        name,
        dtype,
        shape,
        width,
        (row, into) -> {
          rows.read(row, into);
          added.add(row, into);
        });
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  @Override
  public <E extends Exception> void forEachPiece(Sink<E> sink) throws E {
    long count = elements(dtype, shape) / width;
    int rowBytes = Math.multiplyExact(width, dtype.bytes());
    int rowsAtOnce = Math.max(1, PIECE_BYTES / rowBytes);
    float[] row = new float[width];
    ByteBuffer piece = ByteBuffer.allocate(rowsAtOnce * rowBytes).order(ByteOrder.LITTLE_ENDIAN);
    for (long i = 0; i < count; i++) {
      read(i, row);
      for (int j = 0; j < width; j++) {
        if (!put(piece, row[j])) {
          throw notFinite(i * width + j, row[j]);
        }
      }
      if (!piece.hasRemaining() || i == count - 1) {
        sink.accept(piece.flip());
        piece.clear();
      }
    }
  }

  private void read(long index, float[] row) {
    try {
      rows.read(index, row);
    } catch (InternalError e) {
      throw new CheckpointException(
          "tensor %s: cannot be read: the disk failed or the file was changed in place"
              .formatted(Quoted.of(name)),
          e);
    }
  }

  /** Appends {@code value} in the written type. Returns whether it is finite there. */
  private boolean put(ByteBuffer piece, float value) {
    int bits = Float.floatToRawIntBits(value);
    return switch (dtype) {
      case F16 -> {
        short half = Float.floatToFloat16(value);
        piece.putShort(half);
        yield (half & 0x7c00) != 0x7c00;
      }
      case BF16 -> {
        int rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
        piece.putShort((short) rounded);
        yield (bits & 0x7f800000) != 0x7f800000 && (rounded & 0x7f80) != 0x7f80;
      }
      default -> {
        piece.putInt(bits);
        yield (bits & 0x7f800000) != 0x7f800000;
      }
    };
  }

  private CheckpointException notFinite(long element, float value) {
    return new CheckpointException(
        "tensor %s: element %d is %s, expected a finite number of type %s"
            .formatted(Quoted.of(name), element, value, dtype.wireName()));
  }

  private static long elements(DType dtype, long[] shape) {
    return TensorView.byteSize(dtype, shape) / dtype.bytes();
  }
}

package dev.freshet.weights;

import java.nio.ByteBuffer;

/**
 * A named tensor whose bytes are produced while it is written, a piece at a time: row-major, little
 * endian. The size of a piece does not depend on the size of the tensor, so a checkpoint larger
 * than memory can be written.
 */
public interface TensorSource {
  /** Takes one piece. May move the buffer's position; must not keep the buffer. */
  interface Sink<E extends Exception> {
    void accept(ByteBuffer piece) throws E;
  }

  /** The name in the checkpoint. */
  String name();

  /** The element type of the bytes. */
  DType dtype();

  /** The dimensions, outermost first; the caller's own copy. */
  long[] shape();

  /**
   * Passes all bytes in order to {@code sink}, exactly {@link #byteSize} of them.
   *
   * @throws CheckpointException if the data cannot be read or converted
   */
  <E extends Exception> void forEachPiece(Sink<E> sink) throws E;

  /** The size of the data in bytes. */
  default long byteSize() {
    return TensorView.byteSize(dtype(), shape());
  }
}

package dev.freshet.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** Splits a memory segment of any length into byte buffers, which hold 2 GiB at most. */
final class SegmentChunks {
  /** Large enough to make slicing cheap, small enough to copy heap segments. */
  private static final int CHUNK_BYTES = 4 << 20;

  private SegmentChunks() {}

  /** Passes all bytes of {@code data} to {@code sink} in order; does not copy native memory. */
  static <E extends Exception> void forEach(MemorySegment data, TensorSource.Sink<E> sink)
      throws E {
    for (long offset = 0; offset < data.byteSize(); offset += CHUNK_BYTES) {
      MemorySegment chunk = data.asSlice(offset, Math.min(CHUNK_BYTES, data.byteSize() - offset));
      sink.accept(
          chunk.isNative()
              ? chunk.asByteBuffer()
              : ByteBuffer.wrap(chunk.toArray(ValueLayout.JAVA_BYTE)));
    }
  }
}

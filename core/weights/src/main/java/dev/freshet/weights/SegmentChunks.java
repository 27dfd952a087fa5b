package dev.freshet.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** A memory segment of any length seen as byte buffers, which hold 2 GiB at most. */
final class SegmentChunks {
  /** Large enough that slicing costs nothing, small enough to be copied where it must be. */
  private static final int CHUNK_BYTES = 4 << 20;

  /** Takes one chunk; may move the buffer's position, must not keep it. */
  interface Sink<E extends Exception> {
    void accept(ByteBuffer chunk) throws E;
  }

  private SegmentChunks() {}

  /** Hands all bytes of {@code data} to {@code sink} in order; native memory is not copied. */
  static <E extends Exception> void forEach(MemorySegment data, Sink<E> sink) throws E {
    for (long offset = 0; offset < data.byteSize(); offset += CHUNK_BYTES) {
      MemorySegment chunk = data.asSlice(offset, Math.min(CHUNK_BYTES, data.byteSize() - offset));
      sink.accept(
          chunk.isNative()
              ? chunk.asByteBuffer()
              : ByteBuffer.wrap(chunk.toArray(ValueLayout.JAVA_BYTE)));
    }
  }
}

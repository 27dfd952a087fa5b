package dev.freshet.weights;

import dev.freshet.trace.Quoted;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Reads tensors of a mapped checkpoint on all cores. If a file is shortened in place meanwhile, the
 * scan throws an exception that names it, instead of ending the process.
 */
record ContentScan(Checkpoint checkpoint, Collection<TensorView> tensors) {
  /**
   * The distance between touched pages. On a fault Linux maps all pages of an aligned 64 KiB window
   * that are in memory, so one touch a window is enough for those. A page that must come from the
   * disk may be left to the first read.
   */
  private static final long WINDOW_BYTES = 64 << 10;

  /**
   * Faults in the pages of every tensor.
   *
   * @return bits of the touched bytes, so that the JVM does not optimize the reads away
   */
  byte populate() {
    checkpoint.requireIntact();
    AtomicInteger bits = new AtomicInteger();
    TensorScan.each(
        tensors,
        () ->
            tensor -> bits.accumulateAndGet(guarded(tensor, ContentScan::touch), (a, b) -> a | b));
    return (byte) bits.get();
  }

  /** Whether two tensors of one size have the same bytes. */
  static boolean same(Checkpoint checkpoint, TensorView one, TensorView other) {
    TensorReader reader = new TensorReader();
    ContentScan scan = new ContentScan(checkpoint, List.of(one, other));
    return scan.guarded(one, first -> reader.same(first, other));
  }

  private static byte touch(TensorView tensor) {
    MemorySegment data = tensor.data();
    byte bits = 0;
    for (long offset = 0; offset < data.byteSize(); offset += WINDOW_BYTES) {
      bits |= data.get(ValueLayout.JAVA_BYTE, offset);
    }
    if (data.byteSize() > 0) {
      bits |= data.get(ValueLayout.JAVA_BYTE, data.byteSize() - 1);
    }
    return bits;
  }

  /**
   * Checks the contents of every tensor.
   *
   * @param promised manifest entries by tensor name; a tensor without one may have any checksum
   */
  void verify(Map<String, TensorEntry> promised) {
    checkpoint.requireIntact();
    TensorScan.each(
        tensors,
        () -> {
          TensorReader reader = new TensorReader();
          return tensor -> verify(tensor, reader, promised);
        });
  }

  private void verify(TensorView tensor, TensorReader reader, Map<String, TensorEntry> promised) {
    TensorReader.Contents found = guarded(tensor, reader::read);
    TensorEntry expected = promised.get(tensor.name());
    if (expected != null && found.crc32c() != expected.crc32c()) {
      throw refused(
          tensor,
          "CRC32C %08x, expected %08x as in the manifest: the data is corrupt"
              .formatted(found.crc32c(), expected.crc32c()));
    }
    if (found.firstNonFinite().isPresent()) {
      throw refused(
          tensor,
          "element %d is NaN or infinite, expected finite weights"
              .formatted(found.firstNonFinite().getAsLong()));
    }
  }

  /**
   * Runs {@code reading} and then checks that the file was intact. The JVM may report an unreadable
   * page as late as in the native call that asks for the file's size.
   */
  private <T> T guarded(TensorView tensor, Function<TensorView, T> reading) {
    try {
      T read = reading.apply(tensor);
      checkpoint.requireIntact();
      return read;
    } catch (InternalError e) {
      checkpoint.requireIntact();
      throw new CheckpointException(
          "%s: tensor %s: cannot be read: the disk failed or the file was changed in place"
              .formatted(checkpoint.dir(), Quoted.of(tensor.name())),
          e);
    }
  }

  private CheckpointException refused(TensorView tensor, String because) {
    return new CheckpointException(
        "%s: tensor %s: %s".formatted(checkpoint.dir(), Quoted.of(tensor.name()), because));
  }
}

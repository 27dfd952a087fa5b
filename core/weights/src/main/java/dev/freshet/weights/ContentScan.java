package dev.freshet.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Reads the tensors of a mapped checkpoint on all cores. A file that loses its end meanwhile, which
 * nobody may do to it, is named in the exception; the process goes on.
 */
record ContentScan(Checkpoint checkpoint) {
  /**
   * How far apart pages are touched. On a fault Linux maps all pages of an aligned window of 64 KiB
   * that it has in memory, so that one touch a window does for them; a page that has to come from
   * the disk may be left to the first read.
   */
  private static final long WINDOW_BYTES = 64 << 10;

  /**
   * Faults the pages of every tensor in.
   *
   * @return bits of what was touched, which are there so that touching is not optimized away
   */
  byte populate() {
    checkpoint.requireIntact();
    AtomicInteger bits = new AtomicInteger();
    TensorScan.each(
        checkpoint.tensors().values(),
        () ->
            tensor -> bits.accumulateAndGet(guarded(tensor, ContentScan::touch), (a, b) -> a | b));
    return (byte) bits.get();
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
   * Checks what every tensor holds.
   *
   * @param promised by tensor name; a tensor that is not in it may have any checksum
   */
  void verify(Map<String, TensorEntry> promised) {
    checkpoint.requireIntact();
    TensorScan.each(
        checkpoint.tensors().values(),
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
   * Runs {@code reading} and then makes sure that what it read was there. The JVM may report a page
   * that could not be read as late as in the native call that asks for a file's size.
   */
  private <T> T guarded(TensorView tensor, Function<TensorView, T> reading) {
    try {
      T read = reading.apply(tensor);
      checkpoint.requireIntact();
      return read;
    } catch (InternalError e) {
      checkpoint.requireIntact();
      throw new CheckpointException(
          "%s: tensor '%s': cannot be read: the disk failed or the file was changed in place"
              .formatted(checkpoint.dir(), tensor.name()),
          e);
    }
  }

  private CheckpointException refused(TensorView tensor, String because) {
    return new CheckpointException(
        "%s: tensor '%s': %s".formatted(checkpoint.dir(), tensor.name(), because));
  }
}

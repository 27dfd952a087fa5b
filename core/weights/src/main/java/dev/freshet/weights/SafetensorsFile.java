package dev.freshet.weights;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One safetensors file, mapped read-only and held open; nothing is copied. The mapping lives as
 * long as the given arena; {@link #close} closes the file handle. The file must not be changed or
 * shortened while it is mapped; deleting or renaming it is harmless on Linux.
 *
 * @param handle the mapped file, even if another file has its name now; not a channel, which the
 *     interrupt of a thread that asks for the size would close for all threads
 * @param mapping the whole file, starting at a page boundary
 * @param tensors views into the mapping, in the order of the header
 */
record SafetensorsFile(
    Path file, RandomAccessFile handle, MemorySegment mapping, List<TensorView> tensors) {
  /** Bytes before the JSON: its length, an unsigned little-endian 64-bit integer. */
  static final int PREFIX_BYTES = Long.BYTES;

  /**
   * The longest header that is read. The format's own library accepts 100 MB, which take seconds
   * and gigabytes to parse; a decoder of a thousand tensors has 0.1 MB.
   */
  static final long MAX_HEADER_BYTES = 8 << 20;

  private static final String EXPECTED = "a safetensors file";

  /** Maps {@code file} after checking all of its header; the caller closes it. */
  static SafetensorsFile map(Path file, Arena arena) {
    var _ = ModelFile.requireRegular(file, EXPECTED);
    RandomAccessFile handle = open(file);
    boolean mapped = false;
    try {
      SafetensorsFile opened = map(file, handle, arena);
      mapped = true;
      return opened;
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read as %s: %s".formatted(file, EXPECTED, DurableFiles.reason(e)), e);
    } finally {
      if (!mapped) {
        close(file, handle);
      }
    }
  }

  private static RandomAccessFile open(Path file) {
    try {
      return new RandomAccessFile(file.toFile(), "r");
    } catch (FileNotFoundException e) {
      throw new CheckpointException(
          Files.exists(file)
              ? "%s: permission denied, expected %s".formatted(file, EXPECTED)
              : "%s: not found, expected %s".formatted(file, EXPECTED),
          e);
    }
  }

  private static SafetensorsFile map(Path file, RandomAccessFile handle, Arena arena)
      throws IOException {
    FileChannel channel = handle.getChannel();
    long size = channel.size();
    byte[] json = readHeader(file, channel, size);
    long dataStart = PREFIX_BYTES + (long) json.length;
    SafetensorsHeader header = SafetensorsHeader.parse(file, json, size - dataStart);
    MemorySegment mapping = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
    List<TensorView> tensors = new ArrayList<>(header.entries().size());
    for (SafetensorsHeader.Entry e : header.entries()) {
      MemorySegment data = mapping.asSlice(dataStart + e.begin(), e.end() - e.begin());
      tensors.add(new TensorView(e.name(), e.dtype(), e.shape(), data));
    }
    return new SafetensorsFile(file, handle, mapping, List.copyOf(tensors));
  }

  private static byte[] readHeader(Path file, FileChannel channel, long size) throws IOException {
    if (size < PREFIX_BYTES) {
      throw new CheckpointException(
          "%s: truncated: %d bytes, expected at least the %d of a safetensors header length"
              .formatted(file, size, PREFIX_BYTES));
    }
    long length = read(file, channel, 0, PREFIX_BYTES).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 0 || length > MAX_HEADER_BYTES) {
      throw new CheckpointException(
          "%s: header length %s, expected at most %d bytes: not a safetensors file?"
              .formatted(file, Long.toUnsignedString(length), MAX_HEADER_BYTES));
    }
    if (length > size - PREFIX_BYTES) {
      throw new CheckpointException(
          "%s: truncated: header length %d, but the file holds only %d bytes after it"
              .formatted(file, length, size - PREFIX_BYTES));
    }
    return read(file, channel, PREFIX_BYTES, (int) length).array();
  }

  private static ByteBuffer read(Path file, FileChannel channel, long position, int length)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw new CheckpointException(
            "%s: truncated while it was read: ends within the header".formatted(file));
      }
    }
    return buffer.flip();
  }

  /**
   * Checks that the file still has all mapped bytes.
   *
   * @throws CheckpointException if it was shortened
   */
  void requireIntact() {
    long found;
    try {
      found = handle.length();
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read: %s".formatted(file, DurableFiles.reason(e)), e);
    }
    if (found < mapping.byteSize()) {
      throw new CheckpointException(
          "%s: %d bytes, expected the %d that are mapped: the file was shortened in place"
              .formatted(file, found, mapping.byteSize()));
    }
  }

  /** Closes the file handle; the mapping stays until its arena is closed. */
  void close() {
    close(file, handle);
  }

  private static void close(Path file, RandomAccessFile handle) {
    try {
      handle.close();
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be closed: %s".formatted(file, DurableFiles.reason(e)), e);
    }
  }
}

package dev.freshet.weights;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * One safetensors file, mapped read-only: nothing is copied. The mapping belongs to the arena given
 * and lives as long. The file must not be changed or shortened while it is mapped; deleting it is
 * harmless on Linux.
 *
 * @param tensors views into the mapping, in the order of the header
 */
record SafetensorsFile(Path file, List<TensorView> tensors) {
  /** Bytes before the JSON: its length, an unsigned little-endian 64-bit integer. */
  static final int PREFIX_BYTES = Long.BYTES;

  /** The longest header that the format's own library accepts. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  /** Maps {@code file} after checking all of its header. */
  static SafetensorsFile map(Path file, Arena arena) {
    if (Files.isDirectory(file)) {
      throw new CheckpointException(
          "%s: is a directory, expected a safetensors file".formatted(file));
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      byte[] json = readHeader(file, channel, size);
      long dataStart = PREFIX_BYTES + (long) json.length;
      SafetensorsHeader header = SafetensorsHeader.parse(file, json, size - dataStart);
      MemorySegment data =
          channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena).asSlice(dataStart);
      List<TensorView> tensors = new ArrayList<>(header.entries().size());
      for (SafetensorsHeader.Entry e : header.entries()) {
        tensors.add(
            new TensorView(
                e.name(), e.dtype(), e.shape(), data.asSlice(e.begin(), e.end() - e.begin())));
      }
      return new SafetensorsFile(file, List.copyOf(tensors));
    } catch (NoSuchFileException e) {
      throw new CheckpointException(
          "%s: not found, expected a safetensors file".formatted(file), e);
    } catch (AccessDeniedException e) {
      throw new CheckpointException(
          "%s: permission denied, expected a readable safetensors file".formatted(file), e);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read as a safetensors file: %s".formatted(file, DurableFiles.reason(e)),
          e);
    }
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
            "%s: truncated while it was read: ended within its header".formatted(file));
      }
    }
    return buffer.flip();
  }
}

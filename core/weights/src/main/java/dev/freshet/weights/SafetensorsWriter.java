package dev.freshet.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes safetensors files with aligned data for mapping. The format forbids holes between tensors,
 * so tensors whose size is a multiple of 64 bytes come first and are aligned to 64 bytes. The
 * others follow by descending element size, which aligns each at least to its element size.
 */
public final class SafetensorsWriter {
  private static final int ALIGNMENT = 64;
  private static final JsonFactory JSON = new JsonFactory();

  private SafetensorsWriter() {}

  /**
   * Writes {@code file}, which must not exist, and forces it to the disk. If writing fails, the
   * file is removed.
   *
   * @param metadata the header's {@code __metadata__}; libraries look for {@code format}
   * @return the manifest entry of each tensor by name, in the order of the file
   * @throws IOException if the file exists or cannot be written, for example on a full disk
   */
  public static Map<String, TensorEntry> write(
      Path file, List<? extends TensorSource> tensors, Map<String, String> metadata)
      throws IOException {
    checkNames(tensors);
    List<? extends TensorSource> ordered = ordered(tensors);
    boolean whole = false;
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      try {
        writeFully(channel, header(ordered, metadata));
        Map<String, TensorEntry> entries = new LinkedHashMap<>();
        for (TensorSource tensor : ordered) {
          int crc32c = writeData(channel, tensor);
          entries.put(tensor.name(), TensorEntry.of(tensor, crc32c));
        }
        channel.force(true);
        whole = true;
        return entries;
      } finally {
        if (!whole) {
          Files.deleteIfExists(file);
        }
      }
    } catch (FileAlreadyExistsException e) {
      throw new IOException(file + ": exists already, expected a new file", e);
    }
  }

  private static void checkNames(List<? extends TensorSource> tensors) {
    Set<String> names = new HashSet<>();
    for (TensorSource tensor : tensors) {
      if (tensor.name().equals(SafetensorsHeader.METADATA) || !names.add(tensor.name())) {
        throw new IllegalArgumentException(
            "tensor '%s': expected a unique name other than __metadata__".formatted(tensor.name()));
      }
    }
  }

  private static List<? extends TensorSource> ordered(List<? extends TensorSource> tensors) {
    return tensors.stream()
        .sorted(
            Comparator.comparingInt(
                t -> t.byteSize() % ALIGNMENT == 0 ? -ALIGNMENT : -t.dtype().bytes()))
        .toList();
  }

  /** The length prefix and the JSON, padded with spaces to a multiple of the alignment. */
  private static ByteBuffer header(
      List<? extends TensorSource> tensors, Map<String, String> metadata) {
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    try (JsonGenerator out = JSON.createGenerator(ObjectWriteContext.empty(), json)) {
      out.writeStartObject();
      if (!metadata.isEmpty()) {
        out.writeObjectPropertyStart(SafetensorsHeader.METADATA);
        metadata.forEach(out::writeStringProperty);
        out.writeEndObject();
      }
      long begin = 0;
      for (TensorSource tensor : tensors) {
        long end = begin + tensor.byteSize();
        long[] shape = tensor.shape();
        out.writeObjectPropertyStart(tensor.name());
        out.writeStringProperty("dtype", tensor.dtype().wireName());
        out.writeName("shape");
        out.writeArray(shape, 0, shape.length);
        out.writeName("data_offsets");
        out.writeArray(new long[] {begin, end}, 0, 2);
        out.writeEndObject();
        begin = end;
      }
      out.writeEndObject();
    }
    int prefix = SafetensorsFile.PREFIX_BYTES;
    int padded = Math.ceilDiv(prefix + json.size(), ALIGNMENT) * ALIGNMENT;
    ByteBuffer header = ByteBuffer.allocate(padded).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(padded - prefix).put(json.toByteArray());
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.flip();
  }

  private static int writeData(FileChannel channel, TensorSource tensor) throws IOException {
    CRC32C crc = new CRC32C();
    tensor.<IOException>forEachPiece(
        piece -> {
          // The kernel reads a mapping safely; the checksum would crash at a page that is gone.
          writeFully(channel, piece.duplicate());
          crc.update(piece);
        });
    return (int) crc.getValue();
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}

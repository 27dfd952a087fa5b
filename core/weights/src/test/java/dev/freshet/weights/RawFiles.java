package dev.freshet.weights;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Safetensors files written byte by byte, valid or not, and tensors in memory. */
final class RawFiles {
  private RawFiles() {}

  /** Length, header, data. */
  static Path safetensors(Path file, String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return withLength(file, json.length, json, data);
  }

  /** A file whose header length may be wrong. */
  static Path withLength(Path file, long length, byte[] json, byte[] data) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put(json).put(data);
    return Files.write(file, bytes.array());
  }

  static byte[] floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  static byte[] shorts(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      bytes.putShort((short) value);
    }
    return bytes.array();
  }

  static TensorView tensor(String name, DType dtype, byte[] data, long... shape) {
    return new TensorView(name, dtype, shape, MemorySegment.ofArray(data));
  }
}

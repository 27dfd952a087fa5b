package dev.freshet.weights.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes GGUF files byte by byte, valid or not. */
public final class GgufBuilder {
  private static final int ALIGNMENT = 32;

  private final ByteArrayOutputStream keys = new ByteArrayOutputStream();
  private final ByteArrayOutputStream table = new ByteArrayOutputStream();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private int version = 3;
  private long keyCount;
  private long tensorCount;

  /** The header's version. */
  public GgufBuilder version(int written) {
    version = written;
    return this;
  }

  /** Header counts other than those of what was added. */
  public GgufBuilder counts(long tensors, long written) {
    tensorCount = tensors;
    keyCount = written;
    return this;
  }

  /** A key with a string, a uint32, a float32, a boolean, or an array of one of them. */
  public GgufBuilder key(String key, Object value) {
    keyCount++;
    string(keys, key);
    int type = type(value);
    put(keys, 4, type);
    value(type, value);
    return this;
  }

  /** A key with any type and any bytes as its value. */
  public GgufBuilder rawKey(String key, int type, byte... value) {
    keyCount++;
    string(keys, key);
    put(keys, 4, type);
    keys.writeBytes(value);
    return this;
  }

  private static int type(Object value) {
    return switch (value) {
      case String _ -> 8;
      case Integer _ -> 4;
      case Float _ -> 6;
      case Boolean _ -> 7;
      case List<?> _ -> 9;
      default -> throw new IllegalArgumentException(value.toString());
    };
  }

  private void value(int type, Object value) {
    switch (value) {
      case String text -> string(keys, text);
      case Integer number -> put(keys, 4, number);
      case Float number -> put(keys, 4, Float.floatToRawIntBits(number));
      case Boolean flag -> put(keys, 1, flag ? 1 : 0);
      case List<?> list -> {
        int element = list.isEmpty() ? 8 : type(list.getFirst());
        put(keys, 4, element);
        put(keys, 8, list.size());
        list.forEach(entry -> value(element, entry));
      }
      default -> throw new IllegalArgumentException("type " + type);
    }
  }

  /** A tensor of a ggml type with its blocks; the dimensions are outermost first. */
  public GgufBuilder tensor(String name, int type, byte[] blocks, long... shape) {
    while (data.size() % ALIGNMENT != 0) {
      data.write(0);
    }
    rawTensor(name, type, data.size(), shape);
    data.writeBytes(blocks);
    return this;
  }

  /** An entry of the table alone. */
  public GgufBuilder rawTensor(String name, int type, long offset, long... shape) {
    tensorCount++;
    string(table, name);
    put(table, 4, shape.length);
    for (int i = shape.length - 1; i >= 0; i--) {
      put(table, 8, shape[i]);
    }
    put(table, 4, type);
    put(table, 8, offset);
    return this;
  }

  /** The file. */
  public byte[] bytes() {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    put(file, 4, version);
    put(file, 8, tensorCount);
    put(file, 8, keyCount);
    file.writeBytes(keys.toByteArray());
    file.writeBytes(table.toByteArray());
    while (file.size() % ALIGNMENT != 0) {
      file.write(0);
    }
    file.writeBytes(data.toByteArray());
    return file.toByteArray();
  }

  /** Writes the file and returns it. */
  public Path write(Path file) throws IOException {
    return Files.write(file, bytes());
  }

  private static void string(ByteArrayOutputStream out, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    put(out, 8, utf8.length);
    out.writeBytes(utf8);
  }

  private static void put(ByteArrayOutputStream out, int bytes, long number) {
    byte[] all = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
    out.write(all, 0, bytes);
  }
}

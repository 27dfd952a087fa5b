package dev.freshet.weights.gguf;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the head of a GGUF file: header, metadata and the table of tensors. An instance reads one
 * file, which may be hostile: every count, length and offset is checked before it is used, and the
 * memory is bounded. A file that was read is consistent: names are unique, and every tensor has a
 * known type, is aligned, lies within the file and overlaps no other.
 */
final class GgufHead {
  private static final int MAGIC = 0x46554747; // GGUF
  private static final int MOST_KEYS = 65_536;
  private static final int MOST_TENSORS = 100_000;
  private static final int MOST_DIMENSIONS = 4;
  private static final int LONGEST_NAME = 1_024;

  /** A chat template has some thousand characters. */
  private static final int LONGEST_TEXT = 16 << 20;

  /** Of all arrays together: several times those of the largest vocabularies. */
  private static final int MOST_ELEMENTS = 4_000_000;

  private static final int LONGEST_ROW = 1 << 24;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int MOST_ALIGNMENT = 1 << 20;

  private final Path file;
  private final MemorySegment mapping;
  private final GgufCursor cursor;
  private int elements;

  GgufHead(Path file, MemorySegment mapping) {
    this.file = file;
    this.mapping = mapping;
    this.cursor = new GgufCursor(file, mapping);
  }

  /** A tensor of the table; the offset counts from the start of the data. */
  private record Entry(String name, GgmlType type, long[] shape, long offset, long bytes) {}

  /** The content of the file. */
  record Content(GgufMetadata metadata, Map<String, GgufTensor> tensors) {}

  /**
   * Reads the file.
   *
   * @throws CheckpointException if it is malformed or holds what is not supported
   */
  Content read() {
    int magic = cursor.int32();
    if (magic != MAGIC) {
      throw cursor.refused(
          "not a GGUF file: expected the bytes 47475546 (GGUF) at its start, found %08x"
              .formatted(Integer.reverseBytes(magic)));
    }
    int version = cursor.int32();
    if (version != 2 && version != 3) {
      boolean bigEndian = Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3;
      throw cursor.refused(
          bigEndian
              ? "a big-endian file, expected little endian"
              : "version %s, expected 2 or 3".formatted(Integer.toUnsignedString(version)));
    }
    int tensorCount = cursor.count("tensors", MOST_TENSORS);
    int keys = cursor.count("keys", MOST_KEYS);
    Map<String, GgufMetadata.Value> values = new LinkedHashMap<>();
    for (int i = 0; i < keys; i++) {
      cursor.enter("key %d".formatted(i));
      String key = cursor.string(LONGEST_NAME);
      cursor.enter("key " + Quoted.of(key));
      if (values.put(key, value(cursor.int32())) != null) {
        throw cursor.refused("appears twice, expected each key once");
      }
    }
    GgufMetadata metadata = new GgufMetadata(file, values);
    List<Entry> entries = new ArrayList<>();
    Set<String> names = new HashSet<>();
    int alignment = alignment(metadata);
    for (int i = 0; i < tensorCount; i++) {
      cursor.enter("tensor %d".formatted(i));
      Entry entry = entry(alignment);
      if (!names.add(entry.name())) {
        throw cursor.refused("appears twice, expected each tensor once");
      }
      entries.add(entry);
    }
    return new Content(
        metadata, placed(entries, Math.ceilDiv(cursor.position(), alignment) * (long) alignment));
  }

  private int alignment(GgufMetadata metadata) {
    int alignment = metadata.count("general.alignment").orElse(DEFAULT_ALIGNMENT);
    if (alignment < 8 || alignment > MOST_ALIGNMENT || Integer.bitCount(alignment) != 1) {
      throw new CheckpointException(
          "%s: general.alignment is %d, expected a power of two from 8 to %d"
              .formatted(file, alignment, MOST_ALIGNMENT));
    }
    return alignment;
  }

  private GgufMetadata.Value value(int type) {
    return switch (type) {
      case 0 -> new GgufMetadata.Value.Whole(Byte.toUnsignedLong(cursor.int8()));
      case 1 -> new GgufMetadata.Value.Whole(cursor.int8());
      case 2 -> new GgufMetadata.Value.Whole(Short.toUnsignedLong(cursor.int16()));
      case 3 -> new GgufMetadata.Value.Whole(cursor.int16());
      case 4 -> new GgufMetadata.Value.Whole(Integer.toUnsignedLong(cursor.int32()));
      case 5 -> new GgufMetadata.Value.Whole(cursor.int32());
      case 6 -> new GgufMetadata.Value.Decimal(Float.intBitsToFloat(cursor.int32()));
      case 7 -> new GgufMetadata.Value.Flag(flag());
      case 8 -> new GgufMetadata.Value.Text(cursor.string(LONGEST_TEXT));
      case 9 -> array(cursor.int32());
      case 10, 11 -> new GgufMetadata.Value.Whole(cursor.int64());
      case 12 -> new GgufMetadata.Value.Decimal(Double.longBitsToDouble(cursor.int64()));
      default ->
          throw cursor.refused(
              "a value of type %s, expected a type from 0 to 12"
                  .formatted(Integer.toUnsignedString(type)));
    };
  }

  private boolean flag() {
    byte flag = cursor.int8();
    if (flag != 0 && flag != 1) {
      throw cursor.refused("the boolean %d, expected 0 or 1".formatted(flag));
    }
    return flag == 1;
  }

  private GgufMetadata.Value array(int type) {
    if (type == 9) {
      throw cursor.refused("an array of arrays, expected an array of strings, numbers or booleans");
    }
    int length = cursor.count("elements of arrays", MOST_ELEMENTS - elements);
    elements += length;
    if (type == 8) {
      List<String> texts = new ArrayList<>();
      for (int i = 0; i < length; i++) {
        texts.add(cursor.string(LONGEST_TEXT));
      }
      return new GgufMetadata.Value.Texts(List.copyOf(texts));
    }
    List<Double> numbers = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      numbers.add(
          switch (value(type)) {
            case GgufMetadata.Value.Whole(long number) -> (double) number;
            case GgufMetadata.Value.Decimal(double number) -> number;
            case GgufMetadata.Value.Flag(boolean flag) -> flag ? 1.0 : 0.0;
            default -> throw new IllegalStateException("a number of type " + type);
          });
    }
    return new GgufMetadata.Value.Numbers(List.copyOf(numbers));
  }

  private Entry entry(int alignment) {
    String name = cursor.string(LONGEST_NAME);
    cursor.enter("tensor " + Quoted.of(name));
    int dimensions = cursor.int32();
    if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
      throw cursor.refused(
          "%s dimensions, expected 1 to %d"
              .formatted(Integer.toUnsignedString(dimensions), MOST_DIMENSIONS));
    }
    long[] shape = new long[dimensions];
    for (int i = dimensions - 1; i >= 0; i--) { // The file has the innermost first.
      shape[i] = cursor.int64();
    }
    long number = Integer.toUnsignedLong(cursor.int32());
    GgmlType type =
        GgmlType.of(number)
            .orElseThrow(
                () ->
                    cursor.refused(
                        "type %s is not supported, expected one of %s"
                            .formatted(GgmlType.nameOf(number), GgmlType.known())));
    long offset = cursor.int64();
    if (offset < 0 || offset % alignment != 0) {
      throw cursor.refused(
          "data begins at byte %s, expected a multiple of %d"
              .formatted(Long.toUnsignedString(offset), alignment));
    }
    return new Entry(name, type, shape, offset, bytes(type, shape));
  }

  private long bytes(GgmlType type, long[] shape) {
    long row = shape[shape.length - 1];
    if (row < 1 || row > LONGEST_ROW || row % type.blockElements() != 0) {
      throw cursor.refused(
          "rows of %s elements, expected a multiple of %d from 1 to %d for %s"
              .formatted(Long.toUnsignedString(row), type.blockElements(), LONGEST_ROW, type));
    }
    try {
      long bytes = row / type.blockElements() * type.blockBytes();
      for (int i = 0; i < shape.length - 1; i++) {
        if (shape[i] < 1) {
          throw cursor.refused(
              "shape %s, expected positive dimensions".formatted(Arrays.toString(shape)));
        }
        bytes = Math.multiplyExact(bytes, shape[i]);
      }
      return bytes;
    } catch (ArithmeticException e) {
      throw cursor.refused(
          "shape %s overflows, expected a size below 2^63 bytes".formatted(Arrays.toString(shape)));
    }
  }

  /** The tensors over their data, which begins at {@code dataStart}, in the order of the table. */
  private Map<String, GgufTensor> placed(List<Entry> entries, long dataStart) {
    long dataBytes = Math.max(0, mapping.byteSize() - dataStart);
    List<Entry> ordered = new ArrayList<>(entries);
    ordered.sort(Comparator.comparingLong(Entry::offset));
    long covered = 0;
    for (Entry entry : ordered) {
      cursor.enter("tensor " + Quoted.of(entry.name()));
      if (entry.bytes() > dataBytes || entry.offset() > dataBytes - entry.bytes()) {
        throw cursor.refused(
            "%d bytes at byte %d, but the file has %d bytes of data: it is truncated or its table is wrong"
                .formatted(entry.bytes(), entry.offset(), dataBytes));
      }
      if (entry.offset() < covered) {
        throw cursor.refused(
            "data begins at byte %d and overlaps another tensor, expected byte %d or later"
                .formatted(entry.offset(), covered));
      }
      covered = entry.offset() + entry.bytes();
    }
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (Entry entry : entries) {
      MemorySegment data = mapping.asSlice(dataStart + entry.offset(), entry.bytes());
      tensors.put(entry.name(), new GgufTensor(entry.name(), entry.type(), entry.shape(), data));
    }
    return tensors;
  }
}

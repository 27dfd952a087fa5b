package dev.freshet.weights.gguf;

import dev.freshet.weights.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads the head of a GGUF file in order: little endian, never beyond the end of the file or of the
 * longest head. Errors name the file, the part that is read and the byte. Not thread-safe.
 */
final class GgufCursor {
  /** Far more than the vocabulary of any published model. */
  static final long MOST_HEAD_BYTES = 128 << 20;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final MemorySegment mapping;
  private long position;
  private String part = "its header";

  GgufCursor(Path file, MemorySegment mapping) {
    this.file = file;
    this.mapping = mapping;
  }

  /** Names, for messages, what is read next. */
  void enter(String next) {
    part = next;
  }

  /** The next byte to read. */
  long position() {
    return position;
  }

  /** The offset of the next {@code bytes} bytes, which are consumed. */
  private long take(long bytes) {
    if (bytes > mapping.byteSize() - position) {
      throw refused("truncated: %d bytes, which end within it".formatted(mapping.byteSize()));
    }
    if (bytes > MOST_HEAD_BYTES - position) {
      throw refused(
          "ends above byte %d, expected metadata of at most that size".formatted(MOST_HEAD_BYTES));
    }
    long at = position;
    position += bytes;
    return at;
  }

  byte int8() {
    return mapping.get(ValueLayout.JAVA_BYTE, take(Byte.BYTES));
  }

  short int16() {
    return mapping.get(
        ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), take(Short.BYTES));
  }

  int int32() {
    return mapping.get(INT, take(Integer.BYTES));
  }

  long int64() {
    return mapping.get(LONG, take(Long.BYTES));
  }

  /**
   * An unsigned 64-bit number of things.
   *
   * @param most the highest number that is accepted
   */
  int count(String things, int most) {
    long count = int64();
    if (count < 0 || count > most) {
      throw refused(
          "%s %s, expected at most %d".formatted(Long.toUnsignedString(count), things, most));
    }
    return (int) count;
  }

  /** A string in UTF-8. */
  String string(int mostBytes) {
    int length = count("bytes of text", mostBytes);
    long at = take(length);
    ByteBuffer bytes = mapping.asSlice(at, length).asByteBuffer();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw refused("text that is not valid UTF-8 at byte %d".formatted(at));
    }
  }

  /** An error about the part that is being read. */
  CheckpointException refused(String what) {
    return new CheckpointException("%s: %s: %s".formatted(file, part, what));
  }
}

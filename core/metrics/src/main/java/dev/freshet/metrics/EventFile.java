package dev.freshet.metrics;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Writes scalars as an event file of TensorBoard: a TFRecord file of protobuf messages {@code
 * tensorflow.Event}, each with the scalars of one step as {@code simple_value}. A record is the
 * length of its data, the data, and the masked CRC-32C of each. Not thread-safe.
 */
final class EventFile implements Closeable {
  /** Of TensorFlow's masks of checksums. */
  private static final int MASK_DELTA = 0xa282ead8;

  // Fields of Event, Summary and Summary.Value with their wire types, as protobuf's tags.
  private static final int WALL_TIME = 1 << 3 | 1;
  private static final int STEP = 2 << 3;
  private static final int FILE_VERSION = 3 << 3 | 2;
  private static final int SUMMARY = 5 << 3 | 2;
  private static final int VALUE = 1 << 3 | 2;
  private static final int TAG = 1 << 3 | 2;
  private static final int SIMPLE_VALUE = 2 << 3 | 5;

  private final OutputStream out;

  private EventFile(OutputStream out) {
    this.out = out;
  }

  /**
   * Creates a file in {@code dir}, beside those of earlier processes.
   *
   * @param seconds the wall-clock time, since the epoch
   */
  static EventFile create(Path dir, double seconds) throws IOException {
    Files.createDirectories(dir);
    EventFile file = new EventFile(open(dir, (long) seconds));
    ByteArrayOutputStream event = event(seconds);
    bytes(event, FILE_VERSION, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
    file.write(event);
    return file;
  }

  private static OutputStream open(Path dir, long seconds) throws IOException {
    for (int number = 0; ; number++) {
      Path file =
          dir.resolve(
              "events.out.tfevents.%d.freshet.%d.%d"
                  .formatted(seconds, ProcessHandle.current().pid(), number));
      try {
        return Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      } catch (FileAlreadyExistsException e) {
        // A file of this process and second.
      }
    }
  }

  /** Appends the scalars of a step, by name; a viewer groups names by their part before a slash. */
  void append(double seconds, long step, Map<String, Double> scalars) throws IOException {
    ByteArrayOutputStream summary = new ByteArrayOutputStream();
    scalars.forEach(
        (name, scalar) -> {
          ByteArrayOutputStream value = new ByteArrayOutputStream();
          bytes(value, TAG, name.getBytes(StandardCharsets.UTF_8));
          value.write(SIMPLE_VALUE);
          value.writeBytes(little(4).putFloat(scalar.floatValue()).array());
          bytes(summary, VALUE, value.toByteArray());
        });
    ByteArrayOutputStream event = event(seconds);
    event.write(STEP);
    varint(event, step);
    bytes(event, SUMMARY, summary.toByteArray());
    write(event);
  }

  private static ByteArrayOutputStream event(double seconds) {
    ByteArrayOutputStream event = new ByteArrayOutputStream();
    event.write(WALL_TIME);
    event.writeBytes(little(8).putDouble(seconds).array());
    return event;
  }

  private static void bytes(ByteArrayOutputStream message, int tag, byte[] content) {
    message.write(tag);
    varint(message, content.length);
    message.writeBytes(content);
  }

  private static void varint(ByteArrayOutputStream message, long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      message.write((int) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    message.write((int) rest);
  }

  private void write(ByteArrayOutputStream event) throws IOException {
    byte[] data = event.toByteArray();
    byte[] length = little(8).putLong(data.length).array();
    out.write(
        little(data.length + 16)
            .put(length)
            .putInt(maskedChecksum(length))
            .put(data)
            .putInt(maskedChecksum(data))
            .array());
  }

  private static int maskedChecksum(byte[] data) {
    CRC32C checksum = new CRC32C();
    checksum.update(data);
    return Integer.rotateRight((int) checksum.getValue(), 15) + MASK_DELTA;
  }

  private static ByteBuffer little(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}

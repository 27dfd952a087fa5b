package dev.freshet.wire;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Parses server-sent events from bytes that arrive in pieces of any size. Lines end with LF or CR
 * LF. Only the data of an event is read; comments and other fields are skipped.
 */
public final class EventStream {
  /** Receives the data of one event. */
  @FunctionalInterface
  public interface Sink {
    /** Receives the first {@code length} bytes of {@code bytes}; returns whether to continue. */
    boolean event(byte[] bytes, int length);
  }

  private static final byte[] FIELD = {'d', 'a', 't', 'a', ':'};

  private final int maxEventBytes;
  private byte[] line = new byte[512];
  private int lineLength;
  private byte[] data = new byte[512];
  private int dataLength;
  private boolean hasData;

  public EventStream(int maxEventBytes) {
    this.maxEventBytes = maxEventBytes;
  }

  /**
   * Reads all of {@code in}, or less if the sink returns false.
   *
   * @throws WireException if an event is larger than the bound
   */
  public void feed(ByteBuf in, Sink sink) {
    while (in.isReadable()) {
      int toEnd = in.bytesBefore((byte) '\n');
      int length = toEnd < 0 ? in.readableBytes() : toEnd;
      line = room(line, lineLength, length);
      in.readBytes(line, lineLength, length);
      lineLength += length;
      if (toEnd >= 0) {
        in.skipBytes(1);
        if (!endOfLine(sink)) {
          return;
        }
      }
    }
  }

  private boolean endOfLine(Sink sink) {
    int length = lineLength > 0 && line[lineLength - 1] == '\r' ? lineLength - 1 : lineLength;
    lineLength = 0;
    if (length == 0) {
      boolean dispatch = hasData;
      int size = dataLength;
      hasData = false;
      dataLength = 0;
      return !dispatch || sink.event(data, size);
    }
    if (length >= FIELD.length && Arrays.equals(line, 0, FIELD.length, FIELD, 0, FIELD.length)) {
      int from =
          length > FIELD.length && line[FIELD.length] == ' ' ? FIELD.length + 1 : FIELD.length;
      append(from, length);
    }
    return true;
  }

  private void append(int from, int to) {
    if (hasData) {
      data = room(data, dataLength, 1);
      data[dataLength++] = '\n';
    }
    hasData = true;
    data = room(data, dataLength, to - from);
    System.arraycopy(line, from, data, dataLength, to - from);
    dataLength += to - from;
  }

  private byte[] room(byte[] bytes, int used, int more) {
    if (more > maxEventBytes - used) {
      throw new WireException("event: expected at most %d bytes".formatted(maxEventBytes));
    }
    return used + more <= bytes.length
        ? bytes
        : Arrays.copyOf(bytes, Math.min(maxEventBytes, Math.max(bytes.length * 2, used + more)));
  }
}

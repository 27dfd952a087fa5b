package dev.freshet.router;

import dev.freshet.wire.WireException;
import io.netty.buffer.ByteBuf;

/**
 * Finds the end of an answer's body in its bytes (RFC 9112, section 6) without changing or copying
 * them, so that chunks and trailers are relayed as they came. Errors are {@link WireException}.
 */
final class BodyEnd {
  private enum At {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_END,
    DATA_LF,
    TRAILER,
    /** In a body that ends with the connection. */
    OPEN,
    END
  }

  /** The most digits of a chunk's size. */
  private static final int MAX_DIGITS = 15;

  /** The most bytes of a chunk's extensions, and of all trailers. */
  private static final int MAX_LINE = 16 << 10;

  private final boolean chunked;
  private At at;

  /** The bytes of data that are left: of the chunk, or of a body with a length. */
  private long left;

  private int digits;

  /** The bytes of the current extension, or of all trailers. */
  private int lineBytes;

  /** The bytes of the current line of trailers. */
  private int trailer;

  private BodyEnd(boolean chunked, At at, long left) {
    this.chunked = chunked;
    this.at = at;
    this.left = left;
  }

  /** A body of {@code length} bytes. */
  static BodyEnd length(long length) {
    return new BodyEnd(false, length == 0 ? At.END : At.DATA, length);
  }

  /** A body in chunks. */
  static BodyEnd chunked() {
    return new BodyEnd(true, At.SIZE, 0);
  }

  /** A body that ends when the connection does. */
  static BodyEnd ofConnection() {
    return new BodyEnd(false, At.OPEN, 0);
  }

  /** Whether the end was found. */
  boolean isReached() {
    return at == At.END;
  }

  /** Whether the body ends when the connection does. */
  boolean isOfConnection() {
    return at == At.OPEN;
  }

  boolean isChunked() {
    return chunked;
  }

  /** Whether the bytes so far end with a whole chunk, so that another could follow. */
  boolean isBetweenChunks() {
    return chunked && at == At.SIZE && digits == 0;
  }

  /**
   * Reads on, without moving the buffer's indices. Returns how many of the readable bytes belong to
   * the body.
   */
  int scan(ByteBuf in) {
    int start = in.readerIndex();
    int end = in.writerIndex();
    if (at == At.OPEN) {
      return end - start;
    }
    int next = start;
    while (next < end && at != At.END) {
      if (at == At.DATA) {
        int some = (int) Math.min(left, end - next);
        next += some;
        left -= some;
        if (left == 0) {
          at = chunked ? At.DATA_END : At.END;
        }
      } else {
        step(in.getByte(next++));
      }
    }
    return next - start;
  }

  private void step(byte b) {
    switch (at) {
      case SIZE -> size(b);
      case EXTENSION -> {
        countLine();
        if (b == '\n') {
          sizeRead();
        }
      }
      case SIZE_LF -> {
        require(b == '\n', "the end of a chunk's size");
        sizeRead();
      }
      case DATA_END -> {
        require(b == '\r' || b == '\n', "the end of a chunk");
        at = b == '\r' ? At.DATA_LF : At.SIZE;
      }
      case DATA_LF -> {
        require(b == '\n', "the end of a chunk");
        at = At.SIZE;
      }
      case TRAILER -> trailer(b);
      default -> throw new IllegalStateException("no byte expected at " + at);
    }
  }

  private void size(byte b) {
    int digit = digit(b);
    if (digit >= 0) {
      left = left << 4 | digit;
      digits++;
      require(digits <= MAX_DIGITS, "a chunk's size of at most 15 digits");
      return;
    }
    require(digits > 0, "a chunk's size");
    switch (b) {
      case '\r' -> at = At.SIZE_LF;
      case '\n' -> sizeRead();
      case ';', ' ', '\t' -> at = At.EXTENSION;
      default -> require(false, "a chunk's size");
    }
  }

  /** The value of a hexadecimal digit, or -1. */
  private static int digit(byte b) {
    if (b >= '0' && b <= '9') {
      return b - '0';
    }
    int lower = b | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }

  private void sizeRead() {
    at = left == 0 ? At.TRAILER : At.DATA;
    digits = 0;
    lineBytes = 0;
  }

  private void trailer(byte b) {
    countLine();
    if (b == '\n') {
      at = trailer == 0 ? At.END : At.TRAILER;
      trailer = 0;
    } else if (b != '\r') {
      trailer++;
    }
  }

  private void countLine() {
    lineBytes++;
    require(lineBytes <= MAX_LINE, "at most %d bytes of extension or trailers".formatted(MAX_LINE));
  }

  private static void require(boolean holds, String expected) {
    if (!holds) {
      throw new WireException("malformed chunked body: expected " + expected);
    }
  }
}

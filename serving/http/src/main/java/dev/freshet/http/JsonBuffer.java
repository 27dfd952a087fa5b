package dev.freshet.http;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A reusable buffer for JSON in UTF-8 whose shape the caller writes out, for events on the hot
 * path. Not thread-safe.
 */
public final class JsonBuffer {
  private static final byte[] HEX = ascii("0123456789abcdef");
  private static final int INITIAL_BYTES = 1 << 10;

  /** An array that has grown beyond this is not kept. */
  private static final int MAX_KEPT_BYTES = 256 << 10;

  private byte[] bytes = new byte[INITIAL_BYTES];
  private int length;

  /** Encodes a constant part. */
  public static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  int length() {
    return length;
  }

  /** Empties the buffer. */
  public void clear() {
    length = 0;
    if (bytes.length > MAX_KEPT_BYTES) {
      bytes = new byte[INITIAL_BYTES];
    }
  }

  /** A copy of the content. */
  public byte[] toBytes() {
    return Arrays.copyOf(bytes, length);
  }

  void copyTo(ByteBuf out) {
    out.writeBytes(bytes, 0, length);
  }

  /** Appends bytes as they are. */
  public JsonBuffer raw(byte[] part) {
    room(part.length);
    System.arraycopy(part, 0, bytes, length, part.length);
    length += part.length;
    return this;
  }

  public JsonBuffer raw(char ascii) {
    room(1);
    bytes[length++] = (byte) ascii;
    return this;
  }

  /** Appends the comma before an element of a list, unless it is the first. */
  public JsonBuffer comma(int index) {
    return index > 0 ? raw(',') : this;
  }

  public JsonBuffer integer(long value) {
    if (value >= 0 && value < 10) {
      return raw((char) ('0' + value));
    }
    return digits(Long.toString(value));
  }

  /** Appends a number that reads back as the same float; {@code null} if it is not finite. */
  public JsonBuffer number(float value) {
    return digits(Float.isFinite(value) ? Float.toString(value) : "null");
  }

  private JsonBuffer digits(String ascii) {
    room(ascii.length());
    for (int i = 0; i < ascii.length(); i++) {
      bytes[length++] = (byte) ascii.charAt(i);
    }
    return this;
  }

  /**
   * Overwrites the bytes from {@code at} on with {@code digits} hexadecimal digits of {@code
   * value}.
   */
  void hexAt(int at, int digits, int value) {
    for (int digit = 0; digit < digits; digit++) {
      bytes[at + digit] = HEX[(value >>> (4 * (digits - 1 - digit))) & 0xF];
    }
  }

  /** Appends a quoted string. An unpaired surrogate becomes U+FFFD. */
  public JsonBuffer string(CharSequence text) {
    raw('"');
    for (int i = 0; i < text.length(); i++) {
      room(6);
      char c = text.charAt(i);
      if (c < 0x80) {
        oneByte(c);
      } else if (c < 0x800) {
        put(0xC0 | (c >> 6));
        put(0x80 | (c & 0x3F));
      } else if (!Character.isSurrogate(c)) {
        threeBytes(c);
      } else if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        fourBytes(Character.toCodePoint(c, text.charAt(++i)));
      } else {
        threeBytes('\uFFFD');
      }
    }
    return raw('"');
  }

  private void oneByte(char c) {
    switch (c) {
      case '"', '\\' -> {
        put('\\');
        put(c);
      }
      case '\n' -> {
        put('\\');
        put('n');
      }
      case '\r' -> {
        put('\\');
        put('r');
      }
      case '\t' -> {
        put('\\');
        put('t');
      }
      default -> {
        if (c < 0x20 || c == 0x7F) {
          put('\\');
          put('u');
          put('0');
          put('0');
          put(HEX[c >> 4]);
          put(HEX[c & 0xF]);
        } else {
          put(c);
        }
      }
    }
  }

  private void threeBytes(char c) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }

  private void fourBytes(int c) {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }

  private void put(int oneByte) {
    bytes[length++] = (byte) oneByte;
  }

  private void room(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
  }
}

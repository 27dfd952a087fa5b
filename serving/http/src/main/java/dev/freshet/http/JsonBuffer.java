package dev.freshet.http;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * JSON being written by hand, as UTF-8 into an array that is used again: the shape of a token's
 * event is known, and its path hot. One for each event loop; not thread-safe.
 */
public final class JsonBuffer {
  /** What an infinite logprob is written as, as vLLM does: JSON has no infinities. */
  private static final float LEAST_LOGPROB = -9999f;

  private static final byte[] HEX = ascii("0123456789abcdef");
  private static final int SMALL = 1 << 10;

  /** An array that has grown beyond this is not kept. */
  private static final int KEPT = 256 << 10;

  private byte[] bytes = new byte[SMALL];
  private int length;

  /** A constant part, to be encoded once. */
  public static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  public int length() {
    return length;
  }

  /** Begins anew. */
  public void clear() {
    length = 0;
    if (bytes.length > KEPT) {
      bytes = new byte[SMALL];
    }
  }

  /** A copy of what is written. */
  public byte[] toBytes() {
    return Arrays.copyOf(bytes, length);
  }

  public void copyTo(ByteBuf out) {
    out.writeBytes(bytes, 0, length);
  }

  /** Bytes as they are. */
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

  public JsonBuffer integer(long value) {
    if (value >= 0 && value < 10) {
      return raw((char) ('0' + value));
    }
    return digits(Long.toString(value));
  }

  /** A logprob so that it reads back as the same float. */
  public JsonBuffer logprob(float value) {
    return digits(Float.isNaN(value) ? "null" : Float.toString(Math.max(value, LEAST_LOGPROB)));
  }

  private JsonBuffer digits(String ascii) {
    room(ascii.length());
    for (int i = 0; i < ascii.length(); i++) {
      bytes[length++] = (byte) ascii.charAt(i);
    }
    return this;
  }

  /** {@code digits} hexadecimal digits of {@code value}, over what stands at {@code at}. */
  public void hexAt(int at, int digits, int value) {
    for (int digit = 0; digit < digits; digit++) {
      bytes[at + digit] = HEX[(value >>> (4 * (digits - 1 - digit))) & 0xF];
    }
  }

  /** A string with its quotes. A surrogate without its partner becomes U+FFFD. */
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

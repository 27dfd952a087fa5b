package dev.freshet.inference.front;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** Writes JSON into a buffer by hand: the shape of a token's event is known, and its path hot. */
final class Json {
  /** What an infinite logprob is written as, as vLLM does: JSON has no infinities. */
  private static final float LEAST_LOGPROB = -9999f;

  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private Json() {}

  static void ascii(ByteBuf out, String text) {
    out.writeCharSequence(text, StandardCharsets.US_ASCII);
  }

  static void integer(ByteBuf out, long value) {
    if (value >= 0 && value < 10) {
      out.writeByte('0' + (int) value);
    } else {
      ascii(out, Long.toString(value));
    }
  }

  /** A logprob so that it reads back as the same float. */
  static void logprob(ByteBuf out, float value) {
    if (Float.isNaN(value)) {
      ascii(out, "null");
    } else {
      ascii(out, Float.toString(Math.max(value, LEAST_LOGPROB)));
    }
  }

  /** A string with its quotes. A surrogate without its partner becomes U+FFFD. */
  static void string(ByteBuf out, CharSequence text) {
    out.writeByte('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        oneByte(out, c);
      } else if (c < 0x800) {
        out.writeByte(0xC0 | (c >> 6));
        out.writeByte(0x80 | (c & 0x3F));
      } else if (!Character.isSurrogate(c)) {
        threeBytes(out, c);
      } else if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        fourBytes(out, Character.toCodePoint(c, text.charAt(++i)));
      } else {
        threeBytes(out, '\uFFFD');
      }
    }
    out.writeByte('"');
  }

  private static void oneByte(ByteBuf out, char c) {
    switch (c) {
      case '"', '\\' -> {
        out.writeByte('\\');
        out.writeByte(c);
      }
      case '\n' -> out.writeShort(('\\' << 8) | 'n');
      case '\r' -> out.writeShort(('\\' << 8) | 'r');
      case '\t' -> out.writeShort(('\\' << 8) | 't');
      default -> {
        if (c < 0x20 || c == 0x7F) {
          ascii(out, "\\u00");
          out.writeByte(HEX[c >> 4]);
          out.writeByte(HEX[c & 0xF]);
        } else {
          out.writeByte(c);
        }
      }
    }
  }

  private static void threeBytes(ByteBuf out, char c) {
    out.writeByte(0xE0 | (c >> 12));
    out.writeByte(0x80 | ((c >> 6) & 0x3F));
    out.writeByte(0x80 | (c & 0x3F));
  }

  private static void fourBytes(ByteBuf out, int c) {
    out.writeByte(0xF0 | (c >> 18));
    out.writeByte(0x80 | ((c >> 12) & 0x3F));
    out.writeByte(0x80 | ((c >> 6) & 0x3F));
    out.writeByte(0x80 | (c & 0x3F));
  }
}

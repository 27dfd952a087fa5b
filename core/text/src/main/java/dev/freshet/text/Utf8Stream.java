package dev.freshet.text;

/**
 * An incremental UTF-8 decoder. Each maximal subpart of an invalid sequence becomes one U+FFFD (the
 * Unicode standard, section 3.9, "substitution of maximal subparts"), as in Rust's {@code
 * from_utf8_lossy} and the WHATWG encoding standard. An unfinished sequence is held back. Not
 * thread-safe.
 */
final class Utf8Stream {
  private static final char REPLACEMENT = '\uFFFD';

  private int codePoint;
  private int missing;

  /** Bytes of the unfinished sequence. */
  private int pending;

  /** Whether the unfinished sequence began before the stream. */
  private boolean inherited;

  private int lowest = 0x80;
  private int highest = 0xBF;

  /** Appends bytes. Returns the characters that they completed, and U+FFFD for invalid ones. */
  String push(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length);
    for (byte signed : bytes) {
      int b = signed & 0xFF;
      if (missing > 0) {
        if (b >= lowest && b <= highest) {
          follow(b, text);
          continue;
        }
        end(text);
      }
      lead(b, text);
    }
    return text.toString();
  }

  /** Ends the stream; an unfinished character becomes U+FFFD. */
  String flush() {
    StringBuilder text = new StringBuilder(1);
    if (missing > 0) {
      end(text);
    }
    return text.toString();
  }

  /**
   * The bytes so far precede the stream: what they gave is not part of it. A character that they
   * began is part of the stream if the stream completes it, and otherwise its U+FFFD is not.
   */
  void begin() {
    inherited = missing > 0;
  }

  /** The number of bytes of the unfinished character at the end; 0 if there is none. */
  int unfinished() {
    return missing > 0 ? pending : 0;
  }

  private void end(StringBuilder text) {
    missing = 0;
    if (!inherited) {
      text.append(REPLACEMENT);
    }
    inherited = false;
  }

  private void follow(int b, StringBuilder text) {
    codePoint = codePoint << 6 | (b & 0x3F);
    lowest = 0x80;
    highest = 0xBF;
    pending++;
    if (--missing == 0) {
      if (!inherited || codePoint != REPLACEMENT) { // It would look the same unfinished.
        text.appendCodePoint(codePoint);
      }
      inherited = false;
    }
  }

  /** The bounds of the second byte exclude overlong forms, surrogates and values above U+10FFFF. */
  private void lead(int b, StringBuilder text) {
    pending = 1;
    lowest = 0x80;
    highest = 0xBF;
    if (b < 0x80) {
      text.append((char) b);
    } else if (b >= 0xC2 && b <= 0xDF) {
      missing = 1;
      codePoint = b & 0x1F;
    } else if (b >= 0xE0 && b <= 0xEF) {
      missing = 2;
      codePoint = b & 0x0F;
      lowest = b == 0xE0 ? 0xA0 : 0x80;
      highest = b == 0xED ? 0x9F : 0xBF;
    } else if (b >= 0xF0 && b <= 0xF4) {
      missing = 3;
      codePoint = b & 0x07;
      lowest = b == 0xF0 ? 0x90 : 0x80;
      highest = b == 0xF4 ? 0x8F : 0xBF;
    } else {
      text.append(REPLACEMENT);
    }
  }
}

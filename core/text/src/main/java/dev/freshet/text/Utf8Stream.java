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
        missing = 0;
        text.append(REPLACEMENT);
      }
      lead(b, text);
    }
    return text.toString();
  }

  /** Ends the stream; an unfinished character becomes U+FFFD. */
  String flush() {
    boolean unfinished = missing > 0;
    missing = 0;
    return unfinished ? String.valueOf(REPLACEMENT) : "";
  }

  private void follow(int b, StringBuilder text) {
    codePoint = codePoint << 6 | (b & 0x3F);
    lowest = 0x80;
    highest = 0xBF;
    if (--missing == 0) {
      text.appendCodePoint(codePoint);
    }
  }

  /** The bounds of the second byte exclude overlong forms, surrogates and values above U+10FFFF. */
  private void lead(int b, StringBuilder text) {
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

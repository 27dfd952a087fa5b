package dev.freshet.text.message;

/** Searches text that is not complete yet for tags. */
final class Tags {
  private Tags() {}

  /**
   * How many of the last characters of {@code text}, from {@code from} on, may be the beginning of
   * {@code tag}.
   */
  static int beginning(StringBuilder text, int from, String tag) {
    int most = Math.min(text.length() - from, tag.length() - 1);
    for (int length = most; length > 0; length--) {
      if (isAt(text, text.length() - length, tag.substring(0, length))) {
        return length;
      }
    }
    return 0;
  }

  /** Whether {@code tag} is at {@code index} of {@code text}. */
  static boolean isAt(StringBuilder text, int index, String tag) {
    if (index + tag.length() > text.length()) {
      return false;
    }
    for (int i = 0; i < tag.length(); i++) {
      if (text.charAt(index + i) != tag.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Whether a character separates the tokens of JSON. */
  static boolean isSpace(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
  }
}

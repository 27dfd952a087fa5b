package dev.freshet.text.template;

/** Classes of characters as Python has them, and texts measured in Unicode characters. */
final class Characters {
  private Characters() {}

  /** Whether Python's {@code str.isspace} holds. */
  static boolean isSpace(int c) {
    if (c < 0x80) {
      return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
    }
    return c == 0x85 || Character.isSpaceChar(c);
  }

  /** Whether Python's {@code str.splitlines} splits there; a line feed after a return too. */
  static boolean isLineBreak(char c) {
    return (c >= '\n' && c <= '\r')
        || (c >= 0x1C && c <= 0x1E)
        || c == 0x85
        || c == 0x2028
        || c == 0x2029;
  }

  /** Whether Python's {@code repr} shows the character as it is. */
  static boolean isPrintable(int c) {
    return c == ' '
        || switch (Character.getType(c)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.SURROGATE,
              Character.PRIVATE_USE,
              Character.UNASSIGNED,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR,
              Character.SPACE_SEPARATOR ->
              false;
          default -> true;
        };
  }

  static boolean isBlank(String text) {
    return text.chars().allMatch(Characters::isSpace);
  }

  static String strip(String text) {
    String end = stripTrailing(text);
    int start = 0;
    while (start < end.length() && isSpace(end.charAt(start))) {
      start++;
    }
    return end.substring(start);
  }

  static String stripTrailing(String text) {
    int end = text.length();
    while (end > 0 && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }

  /** The number of Unicode characters. */
  static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  /** Whether every character is one {@code char}, so that indices are the same as Python's. */
  static boolean isFlat(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** The index in {@code char}s of the character with an index of Python. */
  static int offset(String text, int index) {
    return text.offsetByCodePoints(0, index);
  }

  /** The order of Python, which compares characters, not halves of them. */
  static int compare(String a, String b) {
    int most = Math.min(a.length(), b.length());
    for (int i = 0; i < most; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        boolean pairs = Character.isSurrogate(x) != Character.isSurrogate(y);
        return pairs ? Character.isSurrogate(x) ? 1 : -1 : Character.compare(x, y);
      }
    }
    return Integer.compare(a.length(), b.length());
  }
}

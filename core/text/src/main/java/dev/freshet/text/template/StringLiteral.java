package dev.freshet.text.template;

/**
 * A string in the source of a template, with Python's escapes.
 *
 * @param end the index behind the closing quote
 */
record StringLiteral(String value, int end) {
  static StringLiteral at(String source, int start, int line) {
    char quote = source.charAt(start);
    StringBuilder value = new StringBuilder();
    int i = start + 1;
    while (i < source.length() && source.charAt(i) != quote) {
      char c = source.charAt(i);
      if (c == '\\' && i + 1 < source.length()) {
        i = escape(source, i + 1, value, line);
      } else {
        value.append(c);
        i++;
      }
    }
    if (i >= source.length()) {
      throw TemplateException.source("a string has no end: expected %s".formatted(quote), line);
    }
    return new StringLiteral(value.toString(), i + 1);
  }

  /** Appends what the escape behind a backslash means. Returns the index behind it. */
  private static int escape(String source, int at, StringBuilder value, int line) {
    char c = source.charAt(at);
    switch (c) {
      case '\n' -> {}
      case '\\', '\'', '"' -> value.append(c);
      case 'a' -> value.append('\u0007');
      case 'b' -> value.append('\b');
      case 'f' -> value.append('\f');
      case 'n' -> value.append('\n');
      case 'r' -> value.append('\r');
      case 't' -> value.append('\t');
      case 'v' -> value.append('\u000B');
      case 'x' -> {
        return hex(source, at + 1, 2, value, line);
      }
      case 'u' -> {
        return hex(source, at + 1, 4, value, line);
      }
      case 'U' -> {
        return hex(source, at + 1, 8, value, line);
      }
      case 'N' -> throw TemplateException.source("the escape \\N{...} is not supported", line);
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        return octal(source, at, value);
      }
      default -> value.append('\\').append(c);
    }
    return at + 1;
  }

  private static int hex(String source, int at, int digits, StringBuilder value, int line) {
    int end = Math.min(at + digits, source.length());
    String text = source.substring(at, end);
    if (text.length() < digits || !text.chars().allMatch(c -> Character.digit(c, 16) >= 0)) {
      throw TemplateException.source(
          "malformed escape: expected %d hexadecimal digits".formatted(digits), line);
    }
    long character = Long.parseLong(text, 16);
    if (character > Character.MAX_CODE_POINT) {
      throw TemplateException.source("illegal Unicode character in an escape", line);
    }
    value.appendCodePoint((int) character);
    return end;
  }

  private static int octal(String source, int at, StringBuilder value) {
    int character = 0;
    int i = at;
    while (i < at + 3 && i < source.length() && "01234567".indexOf(source.charAt(i)) >= 0) {
      character = character * 8 + source.charAt(i++) - '0';
    }
    value.append((char) character);
    return i;
  }
}

package dev.freshet.trace;

/** Quotes text from outside in a message: in single quotes, escaped and bounded, on one line. */
public final class Quoted {
  /** The most characters of the text that are quoted. */
  public static final int MAX = 128;

  private Quoted() {}

  /**
   * The text in single quotes. Characters that are not printable are written as {@code \}{@code
   * uXXXX}. Of a longer text the first characters are quoted, followed by its length.
   */
  public static String of(String text) {
    if (text.length() <= MAX) {
      return "'" + escaped(text) + "'";
    }
    return "'%s…' (%d characters)".formatted(escaped(text.substring(0, MAX)), text.length());
  }

  /**
   * The text on one line, without characters that a terminal could interpret and without a tag of
   * the log format, which a program that logs the message could pass on to a reader of logs.
   */
  public static String escaped(String text) {
    StringBuilder out = new StringBuilder(text.length());
    FreeText.withoutTags(text)
        .codePoints()
        .forEach(
            c -> {
              if (isPrintable(c)) {
                out.appendCodePoint(c);
              } else if (Character.isBmpCodePoint(c)) {
                out.append("\\u%04x".formatted(c));
              } else {
                out.append("\\U%08x".formatted(c));
              }
            });
    return out.toString();
  }

  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}

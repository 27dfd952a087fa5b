package dev.freshet.analysis.read;

import java.util.regex.Pattern;

/**
 * The escape codes of terminals (ECMA-48): colors, cursor movements, and operating system commands
 * such as hyperlinks, whose address goes with them.
 */
final class EscapeCodes {
  static final char ESCAPE = '\u001b';

  private static final Pattern CODE =
      Pattern.compile(
          "\u001b(?:\\[[0-?]*[ -/]*[@-~]"
              + "|[\\]PX^_][^\u0007\u001b]*+(?:\u0007|\u001b\\\\)"
              + "|[ -/]*[0-~])");

  private EscapeCodes() {}

  /** The text without them. */
  static String removed(String text) {
    return text.indexOf(ESCAPE) < 0 ? text : CODE.matcher(text).replaceAll("");
  }
}

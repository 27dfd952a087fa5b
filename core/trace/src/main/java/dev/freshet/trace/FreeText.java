package dev.freshet.trace;

import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Text in a log line that is not an event: messages of exceptions, names, paths. Much of it comes
 * from outside, and a reader of the log would take an event in it for one of ours. Escaped, a text
 * is one line without a tag of the log format, and can be restored: control characters, line
 * separators and backslashes are written as in a JSON string, and the bracket that ends a tag has a
 * backslash, which no reader of JSON in the text takes away.
 */
public final class FreeText {
  /** The names of the log format's tags, as alternatives of a pattern. */
  static final String TAG_NAMES = "weights|ckpt|gen|rollout|fleet|time";

  private static final Pattern END_OF_TAG = Pattern.compile("(?<=\\[(?:" + TAG_NAMES + "))]");
  private static final Pattern ESCAPED =
      Pattern.compile("[\\p{Cc}\\p{Zl}\\p{Zp}\\\\]|" + END_OF_TAG.pattern());
  private static final HexFormat HEX = HexFormat.of();

  private FreeText() {}

  /** The text as it may stand in a line. */
  public static String escaped(String text) {
    return ESCAPED
        .matcher(text)
        .replaceAll(found -> Matcher.quoteReplacement(escape(found.group().charAt(0))));
  }

  /** The text with only its tags escaped. */
  static String withoutTags(String text) {
    return END_OF_TAG.matcher(text).replaceAll(Matcher.quoteReplacement("\\]"));
  }

  private static String escape(char c) {
    return switch (c) {
      case '\\' -> "\\\\";
      case ']' -> "\\]";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> "\\u" + HEX.toHexDigits(c);
    };
  }
}

package dev.freshet.text.template;

import java.util.Locale;

/** Methods of {@code str} that convert between upper and lower case, as Unicode has them. */
final class StringCase {
  private StringCase() {}

  static String convert(String text, String name) {
    return switch (name) {
      case "upper" -> upper(text);
      case "lower" -> lower(text);
      case "capitalize" -> capitalize(text);
      case "swapcase" -> swap(text);
      default -> title(text);
    };
  }

  static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.codePointAt(0);
    int size = Character.charCount(first);
    // The rest is lowered with the first before it: a final sigma depends on what precedes.
    String lowered = lower(text);
    int skip = lower(text.substring(0, size)).length();
    return titled(first) + lowered.substring(skip);
  }

  private static String title(String text) {
    String lowered = lower(text);
    StringBuilder title = new StringBuilder(text.length());
    boolean within = false;
    boolean aligned = lowered.length() == text.length();
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int size = Character.charCount(c);
      if (!within) {
        title.append(titled(c));
      } else {
        title.append(aligned ? lowered.substring(i, i + size) : lower(Character.toString(c)));
      }
      within = isCased(c);
      i += size;
    }
    return title.toString();
  }

  private static String swap(String text) {
    StringBuilder swapped = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              String s = Character.toString(c);
              swapped.append(
                  Character.isUpperCase(c) ? lower(s) : Character.isLowerCase(c) ? upper(s) : s);
            });
    return swapped.toString();
  }

  /** A character at the start of a title: one such as ß becomes several. */
  private static String titled(int c) {
    String upper = upper(Character.toString(c));
    if (Character.toTitleCase(c) != c || Characters.length(upper) == 1) {
      return Character.toString(Character.toTitleCase(c));
    }
    int size = Character.charCount(upper.codePointAt(0));
    return upper.substring(0, size) + lower(upper.substring(size));
  }

  static boolean isCased(int c) {
    return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
  }
}

package dev.freshet.text.template;

import java.util.function.IntPredicate;

/** Methods of {@code str} that tell what its characters are. */
final class StringKind {
  private StringKind() {}

  static boolean is(String text, String name) {
    return switch (name) {
      case "isascii" -> text.chars().allMatch(c -> c < 0x80);
      case "isprintable" -> text.codePoints().allMatch(Characters::isPrintable);
      case "isidentifier" -> isIdentifier(text);
      case "isupper" -> isCase(text, c -> Character.isLowerCase(c) || Character.isTitleCase(c));
      case "islower" -> isCase(text, c -> Character.isUpperCase(c) || Character.isTitleCase(c));
      case "istitle" -> isTitle(text);
      case "isspace" -> all(text, Characters::isSpace);
      case "isalpha" -> all(text, Character::isLetter);
      case "isdecimal" -> all(text, Character::isDigit);
      case "isalnum" -> all(text, c -> Character.isLetter(c) || isNumeric(c));
      default -> all(text, StringKind::isNumeric);
    };
  }

  private static boolean all(String text, IntPredicate test) {
    return !text.isEmpty() && text.codePoints().allMatch(test);
  }

  /** Superscripts, fractions and ideographs are numbers by tables that Java does not have. */
  private static boolean isNumeric(int c) {
    int type = Character.getType(c);
    boolean other = type == Character.OTHER_NUMBER || type == Character.LETTER_NUMBER;
    if (other) {
      throw TemplateException.unsupported(
          "to tell whether U+%04X is a digit or number".formatted(c));
    }
    return Character.isDigit(c);
  }

  private static boolean isCase(String text, IntPredicate not) {
    return text.codePoints().noneMatch(not) && text.codePoints().anyMatch(StringCase::isCased);
  }

  private static boolean isTitle(String text) {
    boolean within = false;
    boolean any = false;
    for (int c : text.codePoints().toArray()) {
      boolean capital = Character.isUpperCase(c) || Character.isTitleCase(c);
      boolean small = Character.isLowerCase(c);
      if ((capital && within) || (small && !within)) {
        return false;
      }
      within = capital || small;
      any |= within;
    }
    return any;
  }

  private static boolean isIdentifier(String text) {
    return !text.isEmpty()
        && (text.charAt(0) == '_' || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
        && text.codePoints()
            .allMatch(
                c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
  }
}

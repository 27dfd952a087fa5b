package dev.freshet.text.template;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Methods of {@code str} that cut and join: {@code strip}, {@code replace}, {@code join}. */
final class StringParts {
  private StringParts() {}

  static String strip(String text, String name, Arguments arguments, Budget budget) {
    List<Object> given = arguments.positional(name, 0, 1);
    boolean blanks = given.isEmpty() || given.getFirst() == None.NONE;
    return strip(text, name, blanks ? null : Texts.require(name, given.getFirst()), budget);
  }

  /**
   * Strips white space, or the characters of {@code set}, at both ends ({@code strip}), the
   * beginning ({@code lstrip}) or the end ({@code rstrip}).
   */
  static String strip(String text, String name, @Nullable String set, Budget budget) {
    budget.read(text.length() * (set == null ? 1L : 1L + (set.length() >> 4)));
    int start = 0;
    int end = text.length();
    if (!name.equals("rstrip")) {
      while (start < end && isIn(set, text.codePointAt(start))) {
        start += Character.charCount(text.codePointAt(start));
      }
    }
    if (!name.equals("lstrip")) {
      while (end > start && isIn(set, text.codePointBefore(end))) {
        end -= Character.charCount(text.codePointBefore(end));
      }
    }
    return text.substring(start, end);
  }

  private static boolean isIn(@Nullable String set, int character) {
    return set == null ? Characters.isSpace(character) : set.indexOf(character) >= 0;
  }

  static String replace(String text, Arguments arguments, Budget budget) {
    List<Object> given = arguments.positional("replace", 2, 3);
    return replace(
        text,
        Texts.require("replace", given.get(0)),
        Texts.require("replace", given.get(1)),
        given.size() > 2 ? Numbers.index(given.get(2)) : -1,
        budget);
  }

  /** Replaces the first {@code most} occurrences, or all if it is negative. */
  static String replace(String text, String old, String by, int most, Budget budget) {
    if (old.isEmpty()) {
      return between(text, by, most, budget);
    }
    Texts.search(text, old, budget);
    StringBuilder replaced = new StringBuilder();
    int at = 0;
    int count = 0;
    for (int found = text.indexOf(old); found >= 0 && count != most; count++) {
      replaced.append(text, at, found).append(by);
      at = found + old.length();
      budget.step();
      budget.limit(replaced.length());
      found = text.indexOf(old, at);
    }
    budget.text((long) replaced.length() + text.length() - at);
    return at == 0 && count == 0 ? text : replaced.append(text, at, text.length()).toString();
  }

  /** Inserts {@code by} before each character and at the end. */
  private static String between(String text, String by, int most, Budget budget) {
    budget.text(text.length() + (long) by.length() * (text.length() + 1));
    StringBuilder replaced = new StringBuilder();
    int count = 0;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      if (most < 0 || count < most) {
        replaced.append(by);
        count++;
      }
      replaced.appendCodePoint(text.codePointAt(i));
    }
    return (most < 0 || count < most ? replaced.append(by) : replaced).toString();
  }

  static String remove(String text, String name, Arguments arguments, Budget budget) {
    String part = Texts.require(name, arguments.positional(name, 1, 1).getFirst());
    budget.read(text.length());
    if (name.equals("removeprefix")) {
      return text.startsWith(part) ? text.substring(part.length()) : text;
    }
    return text.endsWith(part) ? text.substring(0, text.length() - part.length()) : text;
  }

  static String join(String separator, Arguments arguments, Budget budget) {
    Object items = arguments.positional("join", 1, 1).getFirst();
    StringBuilder joined = new StringBuilder();
    for (Iterator<Object> i = Iteration.over(items); i.hasNext(); ) {
      String item = Texts.require("join", i.next());
      joined.append(item);
      if (i.hasNext()) {
        joined.append(separator);
      }
      budget.read(item.length());
      budget.limit(joined.length());
    }
    return joined.toString();
  }
}

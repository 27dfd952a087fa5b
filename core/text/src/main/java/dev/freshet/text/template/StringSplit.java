package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Methods of {@code str} that split: {@code split}, {@code splitlines}, {@code partition}. */
final class StringSplit {
  private StringSplit() {}

  static List<Object> split(String text, String name, Arguments arguments, Budget budget) {
    @Nullable Object[] given = arguments.bind(name, 0, "sep", "maxsplit");
    boolean blanks = given[0] == null || given[0] == None.NONE;
    int most = given[1] == null ? -1 : Numbers.index(given[1]);
    boolean last = name.equals("rsplit");
    List<Object> parts;
    if (blanks) {
      budget.read(text.length());
      parts = last ? lastWords(text, most) : words(text, most);
    } else {
      String separator = Texts.require(name, given[0] == null ? None.NONE : given[0]);
      if (separator.isEmpty()) {
        throw TemplateException.failed("%s: empty separator", name);
      }
      Texts.search(text, separator, budget);
      parts = last ? lastParts(text, separator, most) : parts(text, separator, most);
    }
    budget.items(parts.size());
    return parts;
  }

  private static List<Object> parts(String text, String separator, int most) {
    List<Object> parts = new ArrayList<>();
    int at = 0;
    for (int found = text.indexOf(separator);
        found >= 0 && parts.size() != most;
        found = text.indexOf(separator, at)) {
      parts.add(text.substring(at, found));
      at = found + separator.length();
    }
    parts.add(text.substring(at));
    return parts;
  }

  private static List<Object> lastParts(String text, String separator, int most) {
    List<Object> parts = new ArrayList<>();
    int end = text.length();
    for (int found = text.lastIndexOf(separator);
        found >= 0 && parts.size() != most;
        found = text.lastIndexOf(separator, end - separator.length())) {
      parts.add(text.substring(found + separator.length(), end));
      end = found;
      if (end < separator.length()) {
        break;
      }
    }
    parts.add(text.substring(0, end));
    Collections.reverse(parts);
    return parts;
  }

  private static List<Object> words(String text, int most) {
    List<Object> words = new ArrayList<>();
    int at = 0;
    while (true) {
      while (at < text.length() && Characters.isSpace(text.charAt(at))) {
        at++;
      }
      if (at >= text.length()) {
        return words;
      }
      if (words.size() == most) {
        words.add(text.substring(at));
        return words;
      }
      int end = at;
      while (end < text.length() && !Characters.isSpace(text.charAt(end))) {
        end++;
      }
      words.add(text.substring(at, end));
      at = end;
    }
  }

  private static List<Object> lastWords(String text, int most) {
    List<Object> words = new ArrayList<>();
    String rest = Characters.stripTrailing(text);
    while (!rest.isEmpty()) {
      int start = rest.length();
      while (words.size() != most && start > 0 && !Characters.isSpace(rest.charAt(start - 1))) {
        start--;
      }
      boolean all = words.size() == most;
      words.add(all ? rest : rest.substring(start));
      rest = all ? "" : Characters.stripTrailing(rest.substring(0, start));
    }
    Collections.reverse(words);
    return words;
  }

  static List<Object> lines(String text, Arguments arguments, Budget budget) {
    @Nullable Object keep = arguments.bind("splitlines", 0, "keepends")[0];
    return lines(text, keep != null && Numbers.index(keep) != 0, budget);
  }

  static List<Object> lines(String text, boolean keepEnds, Budget budget) {
    budget.read(text.length());
    List<Object> lines = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int end = at;
      while (end < text.length() && !Characters.isLineBreak(text.charAt(end))) {
        end++;
      }
      int next = text.startsWith("\r\n", end) ? end + 2 : Math.min(end + 1, text.length());
      lines.add(text.substring(at, keepEnds ? next : end));
      at = next;
    }
    budget.items(lines.size());
    return lines;
  }

  static Tuple partition(String text, String name, Arguments arguments, Budget budget) {
    String separator = Texts.require(name, arguments.positional(name, 1, 1).getFirst());
    if (separator.isEmpty()) {
      throw TemplateException.failed("%s: empty separator", name);
    }
    Texts.search(text, separator, budget);
    boolean last = name.equals("rpartition");
    int found = last ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (found < 0) {
      return last ? Tuple.of("", "", text) : Tuple.of(text, "", "");
    }
    return Tuple.of(
        text.substring(0, found), separator, text.substring(found + separator.length()));
  }
}

package dev.freshet.text.template;

import java.util.List;

/** Methods of {@code str} that search, within bounds if some are given. */
final class StringSearch {
  /**
   * The part of a text that is searched.
   *
   * @param offset the index of its first character in the whole, in Python's measure
   * @param exists whether the bounds lie within the text; if not, not even nothing is found there
   */
  private record Part(String text, int offset, boolean exists) {}

  private StringSearch() {}

  private static Part part(String text, List<Object> bounds) {
    Object start = bounds.isEmpty() ? None.NONE : bounds.getFirst();
    Object stop = bounds.size() < 2 ? None.NONE : bounds.get(1);
    if (start == None.NONE && stop == None.NONE) {
      return new Part(text, 0, true);
    }
    int length = Characters.length(text);
    int from = start == None.NONE ? 0 : bound(start, length);
    int to = stop == None.NONE ? length : Math.min(length, bound(stop, length));
    if (from > to) {
      return new Part("", 0, false);
    }
    String part = text.substring(Characters.offset(text, from), Characters.offset(text, to));
    return new Part(part, from, true);
  }

  private static int bound(Object value, int length) {
    long index = Numbers.index(value);
    return (int) Math.max(0, index < 0 ? index + length : index);
  }

  static Object starts(String text, String name, Arguments arguments, Budget budget) {
    List<Object> given = arguments.positional(name, 1, 3);
    Part part = part(text, given.subList(1, given.size()));
    budget.step();
    if (given.getFirst() instanceof Tuple any) {
      return any.items().stream().anyMatch(affix -> has(part, name, affix));
    }
    return has(part, name, given.getFirst());
  }

  private static boolean has(Part part, String name, Object affix) {
    String text = Texts.require(name, affix);
    return part.exists()
        && (name.equals("startswith") ? part.text().startsWith(text) : part.text().endsWith(text));
  }

  static Object find(String text, String name, Arguments arguments, Budget budget) {
    List<Object> given = arguments.positional(name, 1, 3);
    String wanted = Texts.require(name, given.getFirst());
    Part part = part(text, given.subList(1, given.size()));
    Texts.search(part.text(), wanted, budget);
    int found =
        !part.exists()
            ? -1
            : name.startsWith("r") ? part.text().lastIndexOf(wanted) : part.text().indexOf(wanted);
    if (found < 0 && name.endsWith("index")) {
      throw TemplateException.failed("%s: substring not found", name);
    }
    return found < 0 ? -1L : (long) part.offset() + part.text().codePointCount(0, found);
  }

  static Object count(String text, Arguments arguments, Budget budget) {
    List<Object> given = arguments.positional("count", 1, 3);
    String wanted = Texts.require("count", given.getFirst());
    Part part = part(text, given.subList(1, given.size()));
    Texts.search(part.text(), wanted, budget);
    if (wanted.isEmpty()) {
      return part.exists() ? Characters.length(part.text()) + 1L : 0L;
    }
    long count = 0;
    for (int at = part.text().indexOf(wanted);
        at >= 0;
        at = part.text().indexOf(wanted, at + wanted.length())) {
      count++;
    }
    return count;
  }
}

package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/** Python's iteration over values, and their lengths. */
final class Iteration {
  private Iteration() {}

  static boolean isIterable(Object value) {
    return switch (value) {
      case String s -> true;
      case Markup m -> true;
      case List<?> l -> true;
      case Tuple t -> true;
      case Dict d -> true;
      case DictView v -> true;
      case Range r -> true;
      case Generator g -> true;
      case Undefined u -> true;
      case Loop l -> true;
      default -> false;
    };
  }

  /**
   * The items of a value, read as they are asked for.
   *
   * @throws TemplateException if the value is not iterable
   */
  static Iterator<Object> over(Object value) {
    return switch (value) {
      case String s -> characters(s);
      case Markup m -> characters(m.text());
      case List<?> l -> items(l.iterator());
      case Tuple t -> t.items().iterator();
      case Dict d -> d.keys().iterator();
      case DictView v -> v.list().iterator();
      case Range r -> r.iterator();
      case Generator g -> g;
      case Undefined u -> Collections.emptyIterator();
      case Loop l -> throw TemplateException.unsupported("iterating over 'loop'");
      default -> throw TemplateException.failed("'%s' object is not iterable", Types.name(value));
    };
  }

  @SuppressWarnings("unchecked")
  private static Iterator<Object> items(Iterator<?> items) {
    // The items of a list are objects, and an iterator over a list's items is only read.
    return (Iterator<Object>) items;
  }

  private static Iterator<Object> characters(String text) {
    return text.codePoints().<Object>mapToObj(Character::toString).iterator();
  }

  /** The items of a value, as a new list. */
  static List<Object> list(Object value, Budget budget) {
    List<Object> list = new ArrayList<>();
    for (Iterator<Object> i = over(value); i.hasNext(); ) {
      budget.step();
      list.add(i.next());
    }
    budget.items(list.size());
    return list;
  }

  /** Python's {@code len}. */
  static long length(Object value) {
    return switch (value) {
      case String s -> Characters.length(s);
      case Markup m -> Characters.length(m.text());
      case List<?> l -> l.size();
      case Tuple t -> t.items().size();
      case Dict d -> d.size();
      case DictView v -> v.dict().size();
      case Range r -> r.length();
      case Undefined u -> 0;
      case Loop l -> l.length();
      default ->
          throw TemplateException.failed("object of type '%s' has no len()", Types.name(value));
    };
  }

  /** The items of a value from the last to the first, as Python's {@code reversed}. */
  static Iterator<Object> reversed(Object value, Budget budget) {
    return switch (value) {
      case Generator g -> throw TemplateException.failed("'generator' object is not reversible");
      case Undefined u -> throw TemplateException.failed("'Undefined' object is not reversible");
      case Loop l -> throw TemplateException.failed("'LoopContext' object is not reversible");
      default -> list(value, budget).reversed().iterator();
    };
  }
}

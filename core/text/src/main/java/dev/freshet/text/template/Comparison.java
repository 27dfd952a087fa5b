package dev.freshet.text.template;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's truth, equality, order and membership. */
final class Comparison {
  private Comparison() {}

  static boolean isTrue(Object value) {
    return switch (value) {
      case Boolean b -> b;
      case None n -> false;
      case Undefined u -> false;
      case String s -> !s.isEmpty();
      case Long l -> l != 0;
      case Double d -> d != 0;
      case List<?> l -> !l.isEmpty();
      case Dict d -> d.size() > 0;
      case Tuple t -> !t.items().isEmpty();
      case DictView v -> v.dict().size() > 0;
      case Range r -> r.length() > 0;
      case Markup m -> !m.text().isEmpty();
      case Loop l -> l.length() > 0;
      default -> true;
    };
  }

  static boolean equal(Object a, Object b, Budget budget) {
    return switch (a) {
      case String s -> equal(s, b, budget);
      case Markup m -> equal(m.text(), b, budget);
      case Undefined u -> b instanceof Undefined;
      case List<?> x -> b instanceof List<?> y && equal(x, y, budget);
      case Tuple x -> b instanceof Tuple y && equal(x.items(), y.items(), budget);
      case Dict x -> b instanceof Dict y && equal(x, y, budget);
      case Range x -> b instanceof Range y && equal(x, y);
      case DictView x when b instanceof DictView && x.of() != DictView.Of.VALUES ->
          throw TemplateException.unsupported("the comparison of two " + Types.name(a));
      default ->
          (Numbers.isNumber(a) && Numbers.isNumber(b))
              ? !Numbers.isNan(a) && !Numbers.isNan(b) && Numbers.compare(a, b) == 0
              : isOneObject(a, b);
    };
  }

  private static boolean equal(String a, Object b, Budget budget) {
    budget.read(a.length());
    return b instanceof Markup m ? a.equals(m.text()) : a.equals(b);
  }

  private static boolean equal(Range a, Range b) {
    int length = a.length();
    return length == b.length()
        && (length == 0 || a.start() == b.start())
        && (length <= 1 || a.step() == b.step());
  }

  private static boolean equal(List<?> a, List<?> b, Budget budget) {
    if (a.size() != b.size()) {
      return false;
    }
    budget.enter(3);
    Iterator<?> other = b.iterator();
    boolean equal = true;
    for (Iterator<?> i = a.iterator(); equal && i.hasNext(); ) {
      budget.step();
      equal = same(i.next(), other.next(), budget);
    }
    budget.leave(3);
    return equal;
  }

  private static boolean equal(Dict a, Dict b, Budget budget) {
    if (a.size() != b.size()) {
      return false;
    }
    budget.enter(3);
    boolean equal = true;
    for (Iterator<Dict.Item> i = a.items().iterator(); equal && i.hasNext(); ) {
      budget.step();
      Dict.Item item = i.next();
      Object other = b.get(item.key());
      equal = other != null && same(item.value(), other, budget);
    }
    budget.leave(3);
    return equal;
  }

  /** Whether two items of containers are equal: an item equals itself, even NaN. */
  private static boolean same(Object a, Object b, Budget budget) {
    return isOneObject(a, b) || equal(a, b, budget);
  }

  /** Python's {@code is}. */
  @SuppressWarnings("ReferenceEquality") // which of several equal objects it is counts
  static boolean isOneObject(Object a, Object b) {
    return a == b;
  }

  /**
   * The order of two values; {@code operator} names the operation in errors.
   *
   * @return negative, zero or positive; 2 if one is NaN, which compares to nothing
   */
  static int order(Object a, Object b, String operator, Budget budget) {
    Undefined.require(a);
    Undefined.require(b);
    String x = text(a);
    String y = text(b);
    if (x != null && y != null) {
      budget.read(Math.min(x.length(), y.length()));
      return Integer.signum(Characters.compare(x, y));
    }
    if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
      return Numbers.isNan(a) || Numbers.isNan(b) ? 2 : Numbers.compare(a, b);
    }
    if (a instanceof List<?> l && b instanceof List<?> m) {
      return order(l, m, operator, budget);
    }
    if (a instanceof Tuple l && b instanceof Tuple m) {
      return order(l.items(), m.items(), operator, budget);
    }
    throw TemplateException.failed(
        "'%s' not supported between instances of '%s' and '%s'",
        operator, Types.name(a), Types.name(b));
  }

  private static int order(List<?> a, List<?> b, String operator, Budget budget) {
    budget.enter(3);
    Iterator<?> i = a.iterator();
    Iterator<?> j = b.iterator();
    try {
      while (i.hasNext() && j.hasNext()) {
        budget.step();
        Object x = i.next();
        Object y = j.next();
        if (!same(x, y, budget)) {
          return order(x, y, operator, budget);
        }
      }
      return Boolean.compare(i.hasNext(), j.hasNext());
    } finally {
      budget.leave(3);
    }
  }

  private static @Nullable String text(Object value) {
    return value instanceof String s ? s : value instanceof Markup m ? m.text() : null;
  }

  /** Whether {@code item in container} holds. */
  static boolean contains(Object container, Object item, Budget budget) {
    return switch (container) {
      case String s -> contains(s, item, budget);
      case Markup m -> contains(m.text(), item, budget);
      case Dict d -> d.contains(item);
      case DictView v when v.of() == DictView.Of.KEYS -> v.dict().contains(item);
      case Range r when Numbers.isInteger(item) ->
          Numbers.big(item).bitLength() < 63 && r.contains(Numbers.big(item).longValue());
      default -> isAmong(Iteration.over(container), item, budget);
    };
  }

  private static boolean isAmong(Iterator<Object> items, Object item, Budget budget) {
    while (items.hasNext()) {
      budget.step();
      if (same(items.next(), item, budget)) {
        return true;
      }
    }
    return false;
  }

  private static boolean contains(String text, Object item, Budget budget) {
    String part = text(item);
    if (part == null) {
      throw TemplateException.failed(
          "'in <string>' requires string as left operand, not %s", Types.name(item));
    }
    Texts.search(text, part, budget);
    return text.contains(part);
  }
}

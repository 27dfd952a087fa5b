package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.List;

/** Python's slices of texts, lists, tuples and ranges. */
final class Slices {
  /** Where a slice starts, how many items it has, and the distance between them. */
  private record Span(int start, int count, int step) {}

  private Slices() {}

  /** Bounds that are not given are {@link None}. */
  static Object slice(Object value, Object start, Object stop, Object step, Budget budget) {
    return switch (value) {
      case String s -> text(s, start, stop, step, budget);
      case Markup m -> new Markup(text(m.text(), start, stop, step, budget));
      case List<?> l -> list(l, span(l.size(), start, stop, step), budget);
      case Tuple t -> Tuple.of(list(t.items(), span(t.items().size(), start, stop, step), budget));
      case Range r -> {
        Span span = span(r.length(), start, stop, step);
        long by = r.step() * span.step();
        yield new Range(r.at(span.start()), r.at(span.start()) + by * span.count(), by);
      }
      case Undefined u -> throw u.failure();
      case Dict d -> throw TemplateException.failed("unhashable type: 'slice'");
      default ->
          throw TemplateException.failed("'%s' object is not subscriptable", Types.name(value));
    };
  }

  private static String text(String s, Object start, Object stop, Object step, Budget budget) {
    budget.text(s.length());
    if (Characters.isFlat(s)) {
      Span span = span(s.length(), start, stop, step);
      if (span.step() == 1) {
        return s.substring(span.start(), span.start() + span.count());
      }
    }
    int[] characters = s.codePoints().toArray();
    Span span = span(characters.length, start, stop, step);
    StringBuilder part = new StringBuilder(span.count());
    for (int i = 0; i < span.count(); i++) {
      part.appendCodePoint(characters[span.start() + i * span.step()]);
    }
    return part.toString();
  }

  private static List<Object> list(List<?> items, Span span, Budget budget) {
    budget.items(span.count());
    if (span.step() == 1) {
      return new ArrayList<>(items.subList(span.start(), span.start() + span.count()));
    }
    List<Object> part = new ArrayList<>(span.count());
    for (int i = 0; i < span.count(); i++) {
      part.add(items.get(span.start() + i * span.step()));
    }
    return part;
  }

  private static Span span(int length, Object start, Object stop, Object step) {
    int by = step == None.NONE ? 1 : index(step);
    if (by == 0) {
      throw TemplateException.failed("slice step cannot be zero");
    }
    int least = by < 0 ? -1 : 0;
    int most = by < 0 ? length - 1 : length;
    int first = start == None.NONE ? by < 0 ? most : least : bound(start, length, least, most);
    int last = stop == None.NONE ? by < 0 ? least : most : bound(stop, length, least, most);
    long distance = by < 0 ? (long) first - last : (long) last - first;
    long count = distance <= 0 ? 0 : (distance - 1) / Math.abs((long) by) + 1;
    return new Span(count == 0 ? 0 : first, (int) count, count <= 1 ? 1 : by);
  }

  private static int bound(Object value, int length, int least, int most) {
    long index = index(value);
    return Math.clamp(index < 0 ? index + length : index, least, most);
  }

  private static int index(Object value) {
    if (!Numbers.isInteger(value)) {
      throw TemplateException.failed(
          "slice indices must be integers or None, found '%s'", Types.name(value));
    }
    return Numbers.index(value);
  }
}

package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Filters of sequences and dicts that keep the order of the items, and of missing values. */
final class SequenceFilters {
  static final Map<String, Filter> ALL =
      Map.ofEntries(
          Map.entry("length", SequenceFilters::length),
          Map.entry("count", SequenceFilters::length),
          Map.entry("list", SequenceFilters::list),
          Map.entry("first", SequenceFilters::first),
          Map.entry("last", SequenceFilters::last),
          Map.entry("reverse", SequenceFilters::reverse),
          Map.entry("items", SequenceFilters::items),
          Map.entry("sum", SequenceFilters::sum),
          Map.entry("batch", SequenceFilters::batch),
          Map.entry("slice", SequenceFilters::slice),
          Map.entry("default", SequenceFilters::orDefault),
          Map.entry("d", SequenceFilters::orDefault),
          Map.entry("attr", SequenceFilters::attribute));

  private SequenceFilters() {}

  private static Object length(Object value, Arguments arguments, Render render) {
    arguments.bind("length", 0);
    return Iteration.length(value);
  }

  private static Object list(Object value, Arguments arguments, Render render) {
    arguments.bind("list", 0);
    return Iteration.list(value, render.budget());
  }

  private static Object first(Object value, Arguments arguments, Render render) {
    arguments.bind("first", 0);
    Iterator<Object> items = Iteration.over(value);
    return items.hasNext() ? items.next() : new Undefined("no first item, sequence was empty");
  }

  private static Object last(Object value, Arguments arguments, Render render) {
    arguments.bind("last", 0);
    Iterator<Object> items = reversed(value, render);
    return items.hasNext() ? items.next() : new Undefined("no last item, sequence was empty");
  }

  private static Iterator<Object> reversed(Object value, Render render) {
    return value instanceof Undefined
        ? Collections.emptyIterator()
        : Iteration.reversed(value, render.budget());
  }

  private static Object reverse(Object value, Arguments arguments, Render render) {
    arguments.bind("reverse", 0);
    return switch (value) {
      case String s -> Slices.slice(s, None.NONE, None.NONE, -1L, render.budget());
      case Markup m -> Slices.slice(m, None.NONE, None.NONE, -1L, render.budget());
      case Generator g -> {
        List<Object> items = Iteration.list(g, render.budget());
        Collections.reverse(items);
        yield items;
      }
      default -> Generator.of(reversed(value, render));
    };
  }

  private static Object items(Object value, Arguments arguments, Render render) {
    arguments.bind("items", 0);
    if (value instanceof Undefined) {
      return Generator.of(Collections.emptyIterator());
    }
    if (!(value instanceof Dict dict)) {
      throw TemplateException.failed("items: expected a mapping, found '%s'", Types.name(value));
    }
    render.budget().items(dict.size());
    return Generator.of(dict.tuples().iterator());
  }

  private static Object sum(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("sum", 0, "attribute", "start");
    Object path = given[0] == null ? None.NONE : given[0];
    Object sum = given[1] == null ? (Object) 0L : given[1];
    if (sum instanceof String) {
      throw TemplateException.failed("sum: cannot sum strings");
    }
    for (Iterator<Object> i = Iteration.over(value); i.hasNext(); ) {
      Object item = Attributes.path(i.next(), path, render.budget());
      sum = Arithmetic.apply("+", sum, item, render.budget());
    }
    return sum;
  }

  private static Object batch(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("batch", 1, "linecount", "fill_with");
    int size = given[0] == null ? 0 : Numbers.index(given[0]);
    Object fill = given[1] == null ? None.NONE : given[1];
    List<Object> batches = new ArrayList<>();
    List<Object> batch = new ArrayList<>();
    for (Object item : Iteration.list(value, render.budget())) {
      if (batch.size() == size) {
        batches.add(batch);
        batch = new ArrayList<>();
      }
      batch.add(item);
    }
    if (!batch.isEmpty()) {
      if (fill != None.NONE && batch.size() < size) {
        render.budget().items(size);
        batch.addAll(Collections.nCopies(size - batch.size(), fill));
      }
      batches.add(batch);
    }
    return Generator.of(batches.iterator());
  }

  private static Object slice(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("slice", 1, "slices", "fill_with");
    int slices = given[0] == null ? 0 : Numbers.index(given[0]);
    Object fill = given[1] == null ? None.NONE : given[1];
    List<Object> items = Iteration.list(value, render.budget());
    if (slices == 0) {
      throw TemplateException.failed("slice: division by zero");
    }
    render.budget().items(Math.max(0, slices));
    int size = Math.floorDiv(items.size(), slices);
    int longer = Math.floorMod(items.size(), slices);
    List<Object> parts = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < slices; i++) {
      int end = at + size + (i < longer ? 1 : 0);
      List<Object> part = new ArrayList<>(items.subList(at, end));
      if (fill != None.NONE && i >= longer) {
        part.add(fill);
      }
      parts.add(part);
      at = end;
    }
    return Generator.of(parts.iterator());
  }

  private static Object orDefault(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("default", 0, "default_value", "boolean");
    boolean falseToo = given[1] != null && Comparison.isTrue(given[1]);
    boolean missing = value instanceof Undefined || (falseToo && !Comparison.isTrue(value));
    return !missing ? value : given[0] == null ? "" : given[0];
  }

  private static Object attribute(Object value, Arguments arguments, Render render) {
    @Nullable Object name = arguments.bind("attr", 1, "name")[0];
    String text = Texts.require("attr", name == null ? None.NONE : name);
    return Attributes.withoutItems(value, text);
  }
}

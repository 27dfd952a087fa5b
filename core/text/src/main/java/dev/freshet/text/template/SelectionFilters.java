package dev.freshet.text.template;

import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Filters that convert or select the items of a sequence, each when it is read. */
final class SelectionFilters {
  static final Map<String, Filter> ALL =
      Map.of(
          "map", SelectionFilters::map,
          "select", (value, given, render) -> select(value, given, render, true),
          "reject", (value, given, render) -> select(value, given, render, false),
          "selectattr",
              (value, given, render) -> selectBy("selectattr", value, given, render, true),
          "rejectattr",
              (value, given, render) -> selectBy("rejectattr", value, given, render, false));

  private SelectionFilters() {}

  /** The items of a value that is true; of others, Jinja reads none. */
  private static Iterator<Object> items(Object value) {
    return Comparison.isTrue(value)
        ? Iteration.over(value)
        : Generator.of(Collections.emptyIterator());
  }

  private static Object map(Object value, Arguments given, Render render) {
    UnaryOperator<Object> conversion =
        given.positional().isEmpty() && given.named().containsKey("attribute")
            ? byAttribute(given, render)
            : byFilter(given, render);
    return Generator.mapped(items(value), conversion);
  }

  private static UnaryOperator<Object> byAttribute(Arguments given, Render render) {
    Map<String, Object> named = new LinkedHashMap<>(given.named());
    @Nullable Object path = named.remove("attribute");
    @Nullable Object otherwise = named.remove("default");
    if (!named.isEmpty()) {
      throw TemplateException.failed(
          "map() takes no keyword argument '%s'", named.keySet().iterator().next());
    }
    Object attribute = path == null ? None.NONE : path;
    return item -> withDefault(item, attribute, otherwise, render.budget());
  }

  /** An attribute, each part of whose path may be missing if there is a default. */
  static Object withDefault(
      Object item, Object attribute, @Nullable Object otherwise, Budget budget) {
    if (otherwise == null || otherwise == None.NONE || !(attribute instanceof String path)) {
      Object value = Attributes.path(item, attribute, budget);
      boolean missing = value instanceof Undefined && otherwise != null && otherwise != None.NONE;
      return missing && otherwise != null ? otherwise : value;
    }
    Object value = item;
    for (String part : path.split("\\.", -1)) {
      value = Attributes.path(value, part, budget);
      if (value instanceof Undefined) {
        value = otherwise;
      }
    }
    return value;
  }

  private static UnaryOperator<Object> byFilter(Arguments given, Render render) {
    if (given.positional().isEmpty()) {
      throw TemplateException.failed("map requires the name of a filter or an attribute");
    }
    String name = Repr.str(given.positional().getFirst(), render.budget());
    Filter filter = Filters.named(name);
    if (filter == null) {
      throw Filters.unknown(name);
    }
    Arguments more = given.without(1);
    return item -> {
      render.budget().step();
      return filter.apply(item, more, render);
    };
  }

  private static Object select(Object value, Arguments given, Render render, boolean wanted) {
    return selected(items(value), None.NONE, given, render, wanted);
  }

  private static Object selectBy(
      String name, Object value, Arguments given, Render render, boolean wanted) {
    if (given.positional().isEmpty()) {
      throw TemplateException.failed("%s requires the name of an attribute", name);
    }
    Object attribute = given.positional().getFirst();
    return selected(items(value), attribute, given.without(1), render, wanted);
  }

  private static Object selected(
      Iterator<Object> items, Object attribute, Arguments given, Render render, boolean wanted) {
    Budget budget = render.budget();
    if (given.positional().isEmpty()) {
      return Generator.filtered(
          items, item -> Comparison.isTrue(Attributes.path(item, attribute, budget)) == wanted);
    }
    String name = Repr.str(given.positional().getFirst(), budget);
    Test test = Tests.named(name);
    if (test == null) {
      throw Tests.unknown(name);
    }
    Arguments more = given.without(1);
    return Generator.filtered(
        items,
        item -> {
          budget.step();
          return test.holds(Attributes.path(item, attribute, budget), more, render) == wanted;
        });
  }
}

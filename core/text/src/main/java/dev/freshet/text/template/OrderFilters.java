package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Filters that compare the items of a sequence, by default without regard to case. */
final class OrderFilters {
  static final Map<String, Filter> ALL =
      Map.of(
          "sort", OrderFilters::sort,
          "dictsort", OrderFilters::dictSort,
          "unique", OrderFilters::unique,
          "min", (value, given, render) -> extreme("min", -1, value, given, render),
          "max", (value, given, render) -> extreme("max", 1, value, given, render),
          "groupby", OrderFilters::groupBy);

  private record Keyed(Object key, Object item) {}

  private OrderFilters() {}

  private static boolean isTrue(@Nullable Object argument) {
    return argument != null && Comparison.isTrue(argument);
  }

  private static Object folded(Object key, boolean caseSensitive) {
    return key instanceof String s && !caseSensitive ? StringCase.lower(s) : key;
  }

  private static int order(Object a, Object b, Budget budget) {
    int order = Comparison.order(a, b, "<", budget);
    if (order == 2) {
      throw TemplateException.unsupported("sorting by NaN");
    }
    return order;
  }

  private static List<Object> sorted(List<Keyed> items, boolean reverse, Budget budget) {
    budget.items(items.size());
    items.sort(
        (a, b) -> reverse ? order(b.key(), a.key(), budget) : order(a.key(), b.key(), budget));
    List<Object> sorted = new ArrayList<>(items.size());
    items.forEach(item -> sorted.add(item.item()));
    return sorted;
  }

  private static Object sort(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
    Object attribute = given[2] == null ? None.NONE : given[2];
    Object[] paths = attribute instanceof String s ? s.split(",", -1) : new Object[] {attribute};
    List<Keyed> items = new ArrayList<>();
    for (Object item : Iteration.list(value, render.budget())) {
      List<Object> keys = new ArrayList<>(paths.length);
      for (Object path : paths) {
        keys.add(folded(Attributes.path(item, path, render.budget()), isTrue(given[1])));
      }
      items.add(new Keyed(keys, item));
    }
    return sorted(items, isTrue(given[0]), render.budget());
  }

  private static Object dictSort(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
    Object by = given[1] == null ? "key" : given[1];
    if (!by.equals("key") && !by.equals("value")) {
      throw TemplateException.failed("dictsort: can only sort by 'key' or 'value'");
    }
    if (!(value instanceof Dict dict)) {
      throw TemplateException.failed(
          "dictsort: expected a mapping, found '%s'", Types.name(Undefined.require(value)));
    }
    List<Keyed> items = new ArrayList<>();
    for (Dict.Item item : dict.items()) {
      Object key = by.equals("key") ? item.key() : item.value();
      items.add(new Keyed(folded(key, isTrue(given[0])), item.tuple()));
    }
    return sorted(items, isTrue(given[2]), render.budget());
  }

  private static Object unique(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("unique", 0, "case_sensitive", "attribute");
    Object attribute = given[1] == null ? None.NONE : given[1];
    boolean caseSensitive = isTrue(given[0]);
    Set<Object> seen = new HashSet<>();
    return Generator.filtered(
        Iteration.over(value),
        item -> {
          Object key = Attributes.path(item, attribute, render.budget());
          return seen.add(Dict.hashed(folded(key, caseSensitive)));
        });
  }

  private static Object extreme(
      String name, int sign, Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind(name, 0, "case_sensitive", "attribute");
    Object attribute = given[1] == null ? None.NONE : given[1];
    Iterator<Object> items = Iteration.over(value);
    if (!items.hasNext()) {
      return new Undefined("no aggregated item, sequence was empty");
    }
    Object best = items.next();
    Object bestKey = key(best, attribute, isTrue(given[0]), render);
    while (items.hasNext()) {
      Object item = items.next();
      Object key = key(item, attribute, isTrue(given[0]), render);
      String operator = sign < 0 ? "<" : ">";
      if (Comparison.order(key, bestKey, operator, render.budget()) == sign) {
        best = item;
        bestKey = key;
      }
    }
    return best;
  }

  private static Object key(Object item, Object attribute, boolean caseSensitive, Render render) {
    return folded(Attributes.path(item, attribute, render.budget()), caseSensitive);
  }

  private static Object groupBy(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given =
        arguments.bind("groupby", 1, "attribute", "default", "case_sensitive");
    Object attribute = given[0] == null ? None.NONE : given[0];
    boolean caseSensitive = isTrue(given[2]);
    Budget budget = render.budget();
    List<Keyed> items = new ArrayList<>();
    for (Object item : Iteration.list(value, budget)) {
      Object key = SelectionFilters.withDefault(item, attribute, given[1], budget);
      items.add(new Keyed(folded(key, caseSensitive), new Keyed(key, item)));
    }
    List<Object> groups = new ArrayList<>();
    @Nullable Object last = null;
    List<Object> group = new ArrayList<>();
    for (Object sorted : sorted(items, false, budget)) {
      Keyed item = (Keyed) sorted;
      Object key = folded(item.key(), caseSensitive);
      if (last == null || !Comparison.equal(last, key, budget)) {
        group = new ArrayList<>();
        groups.add(new Tuple(List.of(item.key(), group), List.of("grouper", "list")));
        last = key;
      }
      group.add(item.item());
    }
    return groups;
  }
}

package dev.freshet.text.template;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The filters of Jinja, by name. */
final class Filters {
  private static final Set<String> NOT_SUPPORTED =
      Set.of(
          "filesizeformat",
          "pprint",
          "random",
          "striptags",
          "urlencode",
          "urlize",
          "wordwrap",
          "xmlattr");

  private static final Map<String, Filter> ALL = all();

  private Filters() {}

  private static Map<String, Filter> all() {
    Map<String, Filter> all = new HashMap<>();
    all.putAll(TextFilters.ALL);
    all.putAll(NumberFilters.ALL);
    all.putAll(SequenceFilters.ALL);
    all.putAll(SelectionFilters.ALL);
    all.putAll(OrderFilters.ALL);
    return Map.copyOf(all);
  }

  static @Nullable Filter named(String name) {
    return ALL.get(name);
  }

  static boolean exists(String name) {
    return ALL.containsKey(name) || NOT_SUPPORTED.contains(name);
  }

  static TemplateException unknown(String name) {
    return NOT_SUPPORTED.contains(name)
        ? TemplateException.unsupported("the filter '%s'".formatted(name))
        : new TemplateException(
            TemplateException.Kind.SOURCE, "there is no filter '%s'".formatted(name), 0);
  }
}

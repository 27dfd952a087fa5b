package dev.freshet.text.template;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of a call: those by position and those by name, in order. */
record Arguments(List<Object> positional, Map<String, Object> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /**
   * The arguments of parameters that may be given by position or by name; null for those not given.
   *
   * @param function the name of the function in errors
   * @param required the first so many must be given
   */
  @Nullable Object[] bind(String function, int required, String... parameters) {
    if (positional.size() > parameters.length) {
      throw TemplateException.failed(
          "%s() takes at most %d arguments, %d given",
          function, parameters.length, positional.size());
    }
    @Nullable Object[] bound = new Object[parameters.length];
    for (int i = 0; i < positional.size(); i++) {
      bound[i] = positional.get(i);
    }
    List<String> names = List.of(parameters);
    named.forEach((name, value) -> bindNamed(function, bound, names.indexOf(name), name, value));
    for (int i = 0; i < required; i++) {
      if (bound[i] == null) {
        throw TemplateException.failed("%s() lacks its argument '%s'", function, parameters[i]);
      }
    }
    return bound;
  }

  private static void bindNamed(
      String function, @Nullable Object[] bound, int index, String name, Object value) {
    if (index < 0) {
      throw TemplateException.failed("%s() takes no keyword argument '%s'", function, name);
    }
    if (bound[index] != null) {
      throw TemplateException.failed("%s() has two values for argument '%s'", function, name);
    }
    bound[index] = value;
  }

  /** Requires from {@code least} to {@code most} arguments, all by position. */
  List<Object> positional(String function, int least, int most) {
    if (!named.isEmpty()) {
      throw TemplateException.failed("%s() takes no keyword arguments", function);
    }
    if (positional.size() < least || positional.size() > most) {
      throw TemplateException.failed(
          "%s() takes %s, %d given",
          function,
          least == most ? least + " arguments" : "from %d to %d arguments".formatted(least, most),
          positional.size());
    }
    return positional;
  }

  /** The same arguments without the first {@code count} by position. */
  Arguments without(int count) {
    return new Arguments(positional.subList(count, positional.size()), named);
  }

  /** The same arguments and another one by name. */
  Arguments with(String name, Object value) {
    Map<String, Object> all = new LinkedHashMap<>(named);
    all.put(name, value);
    return new Arguments(positional, all);
  }
}

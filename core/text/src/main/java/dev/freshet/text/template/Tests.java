package dev.freshet.text.template;

import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The tests of Jinja, by name. */
final class Tests {
  private static final Map<String, Test> ALL =
      Map.ofEntries(
          plain("defined", value -> !(value instanceof Undefined)),
          plain("undefined", value -> value instanceof Undefined),
          plain("none", value -> value == None.NONE),
          plain("boolean", value -> value instanceof Boolean),
          plain("true", value -> value.equals(true)),
          plain("false", value -> value.equals(false)),
          plain("integer", value -> Numbers.isInteger(value) && !(value instanceof Boolean)),
          plain("float", value -> value instanceof Double),
          plain("number", Numbers::isNumber),
          plain("string", value -> value instanceof String || value instanceof Markup),
          plain("mapping", value -> value instanceof Dict),
          plain("iterable", Iteration::isIterable),
          plain("sequence", Tests::isSequence),
          plain("escaped", value -> value instanceof Markup),
          plain("callable", Tests::isCallable),
          named("lower", 0, (value, other, budget) -> isCase(value, "islower", budget)),
          named("upper", 0, (value, other, budget) -> isCase(value, "isupper", budget)),
          named("odd", 0, (value, other, budget) -> hasRest(value, 2L, 1L, budget)),
          named("even", 0, (value, other, budget) -> hasRest(value, 2L, 0L, budget)),
          named("divisibleby", 1, (value, other, budget) -> hasRest(value, other, 0L, budget)),
          plain("filter", value -> Dict.hashed(value) instanceof String s && Filters.exists(s)),
          plain("test", value -> Dict.hashed(value) instanceof String s && named(s) != null),
          named("sameas", 1, (value, other, budget) -> isSame(value, other, budget)),
          comparison("in", "in"),
          comparison("==", "=="),
          comparison("eq", "=="),
          comparison("equalto", "=="),
          comparison("!=", "!="),
          comparison("ne", "!="),
          comparison(">", ">"),
          comparison("gt", ">"),
          comparison("greaterthan", ">"),
          comparison(">=", ">="),
          comparison("ge", ">="),
          comparison("<", "<"),
          comparison("lt", "<"),
          comparison("lessthan", "<"),
          comparison("<=", "<="),
          comparison("le", "<="));

  /** A test of a value and its argument; a test without argument gets the value twice. */
  @FunctionalInterface
  private interface Binary {
    boolean holds(Object value, Object argument, Budget budget);
  }

  private Tests() {}

  static @Nullable Test named(String name) {
    return ALL.get(name);
  }

  static TemplateException unknown(String name) {
    return new TemplateException(
        TemplateException.Kind.SOURCE, "there is no test '%s'".formatted(name), 0);
  }

  private static Map.Entry<String, Test> plain(String name, Predicate<Object> test) {
    return named(name, 0, (value, argument, budget) -> test.test(value));
  }

  private static Map.Entry<String, Test> named(String name, int arguments, Binary test) {
    return Map.entry(
        name,
        (value, given, render) -> {
          int most = given.positional().size() + given.named().size();
          if (most != arguments) {
            throw TemplateException.failed(
                "test '%s' takes %d arguments, %d given", name, arguments, most);
          }
          Object argument =
              given.positional().isEmpty()
                  ? given.named().values().stream().findFirst().orElse(value)
                  : given.positional().getFirst();
          return test.holds(value, argument, render.budget());
        });
  }

  private static Map.Entry<String, Test> comparison(String name, String operator) {
    return named(
        name, 1, (value, other, budget) -> Operators.compare(operator, value, other, budget));
  }

  private static boolean isCallable(Object value) {
    // An undefined value has a call in Python, which fails.
    return value instanceof Function
        || value instanceof Macro
        || value instanceof Loop
        || value instanceof Undefined;
  }

  private static boolean isSequence(Object value) {
    return Iteration.isIterable(value)
        && !(value instanceof Generator)
        && !(value instanceof DictView)
        && !(value instanceof Loop);
  }

  private static boolean isCase(Object value, String method, Budget budget) {
    return StringKind.is(Repr.str(value, budget), method);
  }

  private static boolean hasRest(Object value, Object divisor, Object rest, Budget budget) {
    return Comparison.equal(Arithmetic.apply("%", value, divisor, budget), rest, budget);
  }

  /** Python's {@code is}; whether equal texts or numbers are one object is not defined there. */
  private static boolean isSame(Object value, Object other, Budget budget) {
    boolean singleton =
        value instanceof Boolean
            || other instanceof Boolean
            || value instanceof None
            || other instanceof None;
    if (singleton) {
      return value.equals(other);
    }
    boolean constant = value instanceof String || Numbers.isNumber(value);
    if (constant
        && Types.name(value).equals(Types.name(other))
        && Comparison.equal(value, other, budget)) {
      throw TemplateException.unsupported("the test 'sameas' of equal texts or numbers");
    }
    return Comparison.isOneObject(value, other);
  }
}

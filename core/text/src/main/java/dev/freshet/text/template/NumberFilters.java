package dev.freshet.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Filters that make numbers. */
final class NumberFilters {
  static final Map<String, Filter> ALL =
      Map.of(
          "abs", NumberFilters::abs,
          "int", NumberFilters::integer,
          "float", NumberFilters::floating,
          "round", NumberFilters::round);

  private NumberFilters() {}

  private static Object abs(Object value, Arguments arguments, Render render) {
    arguments.bind("abs", 0);
    if (value instanceof Double d) {
      return Math.abs(d);
    }
    if (!Numbers.isInteger(value)) {
      throw TemplateException.failed(
          "bad operand type for abs(): '%s'", Types.name(Undefined.require(value)));
    }
    return Numbers.normal(Numbers.big(value).abs());
  }

  private static Object integer(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("int", 0, "default", "base");
    Object otherwise = given[0] == null ? (Object) 0L : given[0];
    int base = given[1] == null ? 10 : Numbers.index(given[1]);
    Undefined.require(value);
    if (value instanceof String s) {
      Object parsed = NumberText.integer(s, base);
      Double number = parsed == null ? NumberText.floating(s) : null;
      return parsed != null
          ? parsed
          : number == null || !Double.isFinite(number) ? otherwise : Numbers.integer(number);
    }
    if (value instanceof Double d) {
      if (d.isInfinite()) {
        throw TemplateException.failed("cannot convert float infinity to integer");
      }
      return d.isNaN() ? otherwise : Numbers.integer(d);
    }
    return Numbers.isInteger(value) ? Arithmetic.positive(value) : otherwise;
  }

  private static Object floating(Object value, Arguments arguments, Render render) {
    @Nullable Object given = arguments.bind("float", 0, "default")[0];
    Object otherwise = given == null ? (Object) 0.0 : given;
    Undefined.require(value);
    if (Numbers.isNumber(value)) {
      return Numbers.floating(value);
    }
    Double parsed = value instanceof String s ? NumberText.floating(s) : null;
    return parsed == null ? otherwise : parsed;
  }

  private static Object round(Object value, Arguments arguments, Render render) {
    @Nullable Object[] given = arguments.bind("round", 0, "precision", "method");
    Object precision = given[0] == null ? (Object) 0L : given[0];
    Object method = given[1] == null ? "common" : given[1];
    if (!Numbers.isNumber(value)) {
      throw TemplateException.failed(
          "round: expected a number, found '%s'", Types.name(Undefined.require(value)));
    }
    if (method.equals("common")) {
      return rounded(value, Numbers.index(precision));
    }
    if (!method.equals("ceil") && !method.equals("floor")) {
      throw TemplateException.failed("round: method must be common, ceil or floor");
    }
    Budget budget = render.budget();
    Object factor = Arithmetic.apply("**", 10L, precision, budget);
    Object scaled = Arithmetic.apply("*", value, factor, budget);
    if (scaled instanceof Double d) {
      if (!Double.isFinite(d)) {
        throw TemplateException.failed("cannot convert float %s to integer", FloatText.of(d));
      }
      scaled = Numbers.integer(method.equals("ceil") ? Math.ceil(d) : Math.floor(d));
    }
    return Arithmetic.apply("/", scaled, factor, budget);
  }

  /** Half to even, of the exact value. */
  private static Object rounded(Object value, int precision) {
    if (value instanceof Double d) {
      boolean unchanged = !Double.isFinite(d) || precision > 330;
      return unchanged
          ? d
          : precision < -330 ? Math.copySign(0.0, d) : Double.valueOf(exactly(d, precision));
    }
    if (precision >= 0) {
      return Arithmetic.positive(value);
    }
    if (precision < -5_000) {
      return 0L;
    }
    BigInteger integer = Numbers.big(value);
    return Numbers.normal(
        new BigDecimal(integer).setScale(precision, RoundingMode.HALF_EVEN).toBigInteger());
  }

  private static double exactly(double value, int precision) {
    double rounded =
        new BigDecimal(value).setScale(precision, RoundingMode.HALF_EVEN).doubleValue();
    return Math.copySign(rounded, value);
  }
}

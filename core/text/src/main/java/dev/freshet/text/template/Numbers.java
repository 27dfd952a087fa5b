package dev.freshet.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * Python's numbers: an int is a {@link Long}, or a {@link BigInteger} outside of its range; a float
 * is a {@link Double}; a bool is an int too.
 */
final class Numbers {
  private static final BigInteger LEAST = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MOST = BigInteger.valueOf(Long.MAX_VALUE);

  private Numbers() {}

  static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
  }

  static boolean isNumber(Object value) {
    return value instanceof Double || isInteger(value);
  }

  /** An int in its one form. */
  static Object normal(BigInteger value) {
    if (value.bitLength() > Limits.INTEGER_BITS) {
      throw new TemplateException(
          TemplateException.Kind.LIMIT,
          "an integer of more than %d bits".formatted(Limits.INTEGER_BITS),
          0);
    }
    boolean small = value.compareTo(LEAST) >= 0 && value.compareTo(MOST) <= 0;
    return small ? (Object) value.longValue() : value;
  }

  /** The integer part of a finite float. */
  static Object integer(double value) {
    return Math.abs(value) < 1L << 62
        ? (Object) (long) value
        : normal(new BigDecimal(value).toBigInteger());
  }

  static BigInteger big(Object integer) {
    return switch (integer) {
      case Boolean b -> b ? BigInteger.ONE : BigInteger.ZERO;
      case Long l -> BigInteger.valueOf(l);
      case BigInteger i -> i;
      default -> throw notAnInteger(integer);
    };
  }

  static double floating(Object number) {
    double value =
        switch (number) {
          case Double d -> d;
          case Boolean b -> b ? 1 : 0;
          case Long l -> l;
          case BigInteger i -> i.doubleValue();
          default ->
              throw TemplateException.failed(
                  "expected a number, found '%s'", Types.name(Undefined.require(number)));
        };
    if (Double.isInfinite(value) && !(number instanceof Double)) {
      throw TemplateException.failed("int too large to convert to float");
    }
    return value;
  }

  /** An argument that Python takes as an index or a count. */
  static int index(Object integer) {
    return switch (integer) {
      case Boolean b -> b ? 1 : 0;
      case Long l -> Math.clamp(l, Integer.MIN_VALUE, Integer.MAX_VALUE);
      case BigInteger i -> i.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
      default -> throw notAnInteger(integer);
    };
  }

  private static TemplateException notAnInteger(Object value) {
    return TemplateException.failed(
        "'%s' object cannot be interpreted as an integer", Types.name(Undefined.require(value)));
  }

  /** Compares two numbers exactly, whatever their types. Neither is NaN. */
  static int compare(Object a, Object b) {
    if (a instanceof Long x && b instanceof Long y) {
      return Long.compare(x, y);
    }
    if (a instanceof Double x && b instanceof Double y) {
      return x < y ? -1 : x > y ? 1 : 0;
    }
    if (a instanceof Double x && x.isInfinite()) {
      return x > 0 ? 1 : -1;
    }
    if (b instanceof Double y && y.isInfinite()) {
      return y > 0 ? -1 : 1;
    }
    return exact(a).compareTo(exact(b));
  }

  private static BigDecimal exact(Object number) {
    return number instanceof Double d ? new BigDecimal(d) : new BigDecimal(big(number));
  }

  static boolean isNan(Object value) {
    return value instanceof Double d && d.isNaN();
  }
}

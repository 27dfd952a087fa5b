package dev.freshet.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/** Python's arithmetic operators, on numbers and on sequences. */
final class Arithmetic {
  private static final MathContext QUOTIENT = new MathContext(60);

  private Arithmetic() {}

  static Object apply(String operator, Object a, Object b, Budget budget) {
    if (operator.equals("%") && a instanceof String format) {
      return PercentFormat.format(format, b, budget);
    }
    Undefined.require(a);
    Undefined.require(b);
    if (a instanceof Markup || b instanceof Markup) {
      throw Texts.escaped("operator '%s'".formatted(operator));
    }
    if (a instanceof Long x && b instanceof Long y) {
      return small(operator, x, y, budget);
    }
    if (Numbers.isInteger(a) && Numbers.isInteger(b)) {
      return integers(operator, Numbers.big(a), Numbers.big(b), budget);
    }
    if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
      return floats(operator, Numbers.floating(a), Numbers.floating(b));
    }
    if (operator.equals("+")) {
      return concatenate(a, b, budget);
    }
    if (operator.equals("*") && (Numbers.isInteger(a) || Numbers.isInteger(b))) {
      return Numbers.isInteger(b) ? repeat(a, b, budget) : repeat(b, a, budget);
    }
    throw unsupported(operator, a, b);
  }

  private static TemplateException unsupported(String operator, Object a, Object b) {
    return TemplateException.failed(
        "unsupported operand types for %s: '%s' and '%s'", operator, Types.name(a), Types.name(b));
  }

  private static Object small(String operator, long a, long b, Budget budget) {
    switch (operator) {
      case "+" -> {
        long sum = a + b;
        if (((a ^ sum) & (b ^ sum)) >= 0) {
          return sum;
        }
      }
      case "-" -> {
        long difference = a - b;
        if (((a ^ b) & (a ^ difference)) >= 0) {
          return difference;
        }
      }
      case "%" -> {
        if (b != 0) {
          return Math.floorMod(a, b);
        }
      }
      default -> {}
    }
    return integers(operator, BigInteger.valueOf(a), BigInteger.valueOf(b), budget);
  }

  private static Object integers(String operator, BigInteger a, BigInteger b, Budget budget) {
    budget.work(((long) a.bitLength() * b.bitLength()) >> 6);
    return switch (operator) {
      case "+" -> Numbers.normal(a.add(b));
      case "-" -> Numbers.normal(a.subtract(b));
      case "*" -> Numbers.normal(a.multiply(b));
      case "/" -> quotient(a, b);
      case "//" -> Numbers.normal(floorDivide(a, b));
      case "%" -> Numbers.normal(a.subtract(floorDivide(a, b).multiply(b)));
      default -> power(a, b, budget);
    };
  }

  private static BigInteger floorDivide(BigInteger a, BigInteger b) {
    requireDivisor(b.signum());
    BigInteger[] parts = a.divideAndRemainder(b);
    boolean down = parts[1].signum() != 0 && parts[1].signum() != b.signum();
    return down ? parts[0].subtract(BigInteger.ONE) : parts[0];
  }

  private static Object quotient(BigInteger a, BigInteger b) {
    requireDivisor(b.signum());
    double value =
        a.bitLength() <= 53 && b.bitLength() <= 53
            ? a.doubleValue() / b.doubleValue()
            : new BigDecimal(a).divide(new BigDecimal(b), QUOTIENT).doubleValue();
    if (Double.isInfinite(value)) {
      throw TemplateException.failed("integer division result too large for a float");
    }
    return value;
  }

  private static void requireDivisor(double divisor) {
    if (divisor == 0) {
      throw TemplateException.failed("division by zero");
    }
  }

  private static Object power(BigInteger base, BigInteger exponent, Budget budget) {
    if (exponent.signum() < 0) {
      return power(Numbers.floating(Numbers.normal(base)), exponent.doubleValue());
    }
    long bits = (long) base.abs().subtract(BigInteger.ONE).bitLength();
    if (bits == 0) {
      return Numbers.normal(base.pow(exponent.testBit(0) ? 1 : exponent.signum() == 0 ? 0 : 2));
    }
    boolean huge =
        exponent.bitLength() > 24 || bits * exponent.longValue() > 2 * Limits.INTEGER_BITS;
    budget.work(huge ? 0 : (bits * exponent.longValue() * Limits.INTEGER_BITS) >> 6);
    return Numbers.normal(
        huge ? BigInteger.ONE.shiftLeft(Limits.INTEGER_BITS) : base.pow(exponent.intValue()));
  }

  private static Object floats(String operator, double a, double b) {
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> {
        requireDivisor(b);
        yield a / b;
      }
      case "//" -> {
        requireDivisor(b);
        double rest = floorModulo(a, b);
        double quotient = (a - rest) / b;
        double floor = Math.floor(quotient);
        double near = quotient - floor > 0.5 ? floor + 1 : floor;
        yield near == 0 ? Math.copySign(0.0, a / b) : near;
      }
      case "%" -> {
        requireDivisor(b);
        yield floorModulo(a, b);
      }
      default -> power(a, b);
    };
  }

  /** The remainder with the sign of the divisor. */
  private static double floorModulo(double a, double b) {
    double rest = a % b;
    if (rest == 0) {
      return Math.copySign(0.0, b);
    }
    return (rest < 0) == (b < 0) ? rest : rest + b;
  }

  private static Object power(double base, double exponent) {
    if (base == 0 && exponent < 0) {
      throw TemplateException.failed("0.0 cannot be raised to a negative power");
    }
    if (base < 0 && !Double.isInfinite(base) && exponent != Math.rint(exponent)) {
      throw TemplateException.unsupported("a complex number, the power of a negative base,");
    }
    boolean one = base == 1 || (base == -1 && Double.isInfinite(exponent));
    double value = one ? 1 : Math.pow(base, exponent);
    if (Double.isInfinite(value) && !Double.isInfinite(base) && !Double.isInfinite(exponent)) {
      throw TemplateException.failed("the result of ** is too large for a float");
    }
    return value;
  }

  private static Object concatenate(Object a, Object b, Budget budget) {
    if (a instanceof String x && b instanceof String y) {
      budget.text((long) x.length() + y.length());
      return x + y;
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      return concatenated(x, y, budget);
    }
    if (a instanceof Tuple x && b instanceof Tuple y) {
      return Tuple.of(concatenated(x.items(), y.items(), budget));
    }
    throw unsupported("+", a, b);
  }

  private static List<Object> concatenated(List<?> a, List<?> b, Budget budget) {
    budget.items((long) a.size() + b.size());
    List<Object> all = new ArrayList<>(a.size() + b.size());
    all.addAll(a);
    all.addAll(b);
    return all;
  }

  private static Object repeat(Object sequence, Object count, Budget budget) {
    if (count instanceof BigInteger) {
      throw TemplateException.failed("cannot repeat a sequence %s times", count);
    }
    long times = Math.max(0, Numbers.index(count));
    return switch (sequence) {
      case String s -> {
        budget.text(s.length() * times);
        yield s.repeat((int) (s.isEmpty() ? 0 : times));
      }
      case List<?> l -> repeated(l, times, budget);
      case Tuple t -> Tuple.of(repeated(t.items(), times, budget));
      default -> throw unsupported("*", sequence, count);
    };
  }

  private static List<Object> repeated(List<?> items, long times, Budget budget) {
    budget.items(items.size() * times);
    List<Object> all = new ArrayList<>();
    for (long i = 0; i < times && !items.isEmpty(); i++) {
      all.addAll(items);
    }
    return all;
  }

  static Object negative(Object value) {
    return switch (Undefined.require(value)) {
      case Double d -> -d;
      case Object i when Numbers.isInteger(i) -> Numbers.normal(Numbers.big(i).negate());
      default ->
          throw TemplateException.failed("bad operand type for unary -: '%s'", Types.name(value));
    };
  }

  static Object positive(Object value) {
    if (Undefined.require(value) instanceof Double) {
      return value;
    }
    if (!Numbers.isInteger(value)) {
      throw TemplateException.failed("bad operand type for unary +: '%s'", Types.name(value));
    }
    return Numbers.normal(Numbers.big(value));
  }
}

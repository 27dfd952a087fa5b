package dev.freshet.text.template;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The attributes of Python's numbers. */
final class NumberMethods {
  private static final Set<String> NOT_SUPPORTED =
      Set.of("as_integer_ratio", "from_bytes", "to_bytes", "bit_count", "fromhex", "hex");

  private NumberMethods() {}

  static @Nullable Object of(Object number, String name) {
    if (NOT_SUPPORTED.contains(name)) {
      throw TemplateException.unsupported("method '%s' of a number".formatted(name));
    }
    boolean integer = Numbers.isInteger(number);
    return switch (name) {
      case "real" -> Arithmetic.positive(number);
      case "imag" -> integer ? (Object) 0L : 0.0;
      case "conjugate" -> function(name, Arithmetic.positive(number));
      case "numerator" -> integer ? Arithmetic.positive(number) : null;
      case "denominator" -> integer ? 1L : null;
      case "bit_length" ->
          integer ? function(name, (long) Numbers.big(number).abs().bitLength()) : null;
      case "is_integer" ->
          number instanceof Double d
              ? function(name, !Double.isInfinite(d) && d == Math.rint(d))
              : null;
      default -> null;
    };
  }

  private static Function function(String name, Object result) {
    return new Function(
        name,
        (arguments, render) -> {
          arguments.positional(name, 0, 0);
          return result;
        });
  }
}

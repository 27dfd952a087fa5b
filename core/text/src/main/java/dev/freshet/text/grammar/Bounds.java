package dev.freshet.text.grammar;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The numbers that a schema allows.
 *
 * @param low the lower end; empty for none
 * @param high the upper end; empty for none
 */
record Bounds(Optional<End> low, Optional<End> high) {
  private static final List<String> KEYWORDS =
      List.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum");

  /** The most digits of a bound before and after the point. */
  private static final int MOST_DIGITS = 18;

  private static final int MOST_DECIMALS = 17;

  /**
   * An end of the range, without trailing zeros after the point.
   *
   * @param within whether it is part of the range
   */
  record End(BigDecimal value, boolean within) {
    End negated() {
      return new End(value.negate(), within);
    }
  }

  /** Whether a schema bounds its numbers. */
  static boolean areIn(Schema schema) {
    return KEYWORDS.stream().anyMatch(schema::has);
  }

  /**
   * The bounds of a schema.
   *
   * @throws GrammarException if one is no number, too long, or none is between them
   */
  static Bounds of(Schema schema) {
    Optional<End> low =
        narrower(end(schema, "minimum", true), end(schema, "exclusiveMinimum", false), 1);
    Optional<End> high =
        narrower(end(schema, "maximum", true), end(schema, "exclusiveMaximum", false), -1);
    if (low.isPresent() && high.isPresent()) {
      int order = low.get().value.compareTo(high.get().value);
      if (order > 0 || (order == 0 && !(low.get().within && high.get().within))) {
        throw new GrammarException(schema.place(), "bounds that a number satisfies");
      }
    }
    return new Bounds(low, high);
  }

  /** The end that leaves fewer numbers. */
  private static Optional<End> narrower(Optional<End> with, Optional<End> without, int sign) {
    if (with.isEmpty() || without.isEmpty()) {
      return with.or(() -> without);
    }
    int order = Integer.signum(with.get().value.compareTo(without.get().value));
    return order == sign ? with : without;
  }

  private static Optional<End> end(Schema schema, String keyword, boolean within) {
    if (!schema.has(keyword)) {
      return Optional.empty();
    }
    @Nullable Object value = schema.value(keyword);
    if (value instanceof Long || value instanceof Double) {
      BigDecimal exact = new BigDecimal(value.toString()).stripTrailingZeros();
      if (exact.scale() <= MOST_DECIMALS && exact.precision() - exact.scale() <= MOST_DIGITS) {
        return Optional.of(new End(exact, within));
      }
    }
    throw new GrammarException(
        schema.placeOf(keyword),
        "a number of at most %d digits before the point and %d after it, got %s"
            .formatted(MOST_DIGITS, MOST_DECIMALS, value instanceof Number ? value : "no number"));
  }
}

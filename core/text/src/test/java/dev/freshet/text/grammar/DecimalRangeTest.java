package dev.freshet.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecimalRangeTest {
  /** The schema of bounds such as {@code minimum=0 exclusiveMaximum=1.5}. */
  private static Map<String, @Nullable Object> schema(String bounds) {
    Map<String, @Nullable Object> schema = new HashMap<>(Map.of("type", "number"));
    for (String bound : bounds.split(" ")) {
      String[] parts = bound.split("=");
      schema.put(
          parts[0],
          parts[1].contains(".") ? (Object) Double.valueOf(parts[1]) : Long.valueOf(parts[1]));
    }
    return schema;
  }

  @ParameterizedTest
  @CsvSource({
    "minimum=0 maximum=1, 0 0.0 0.5 1 1.0 1.000 0.99999999999999999, -0.1 1.01 2 -1 1.5e-1 00 .5 1.",
    "exclusiveMinimum=0 exclusiveMaximum=1, 0.1 0.00000000000000001, 0 0.0 1 1.0 -0 -0.5",
    "minimum=-1.25 maximum=2.5, -1.25 -1.250 -0.1 -1 0 2 2.4 2.49 2.50, -1.26 -2 2.51 3 -1.2501",
    "minimum=3.05, 3.05 3.051 3.1 4 12 999.5, 3 3.0 3.04 3.049 -4",
    "maximum=-3.05, -3.05 -3.1 -4 -100.25, -3 -3.04 0 3.05 5",
    "exclusiveMaximum=10, 9.99 9 0 -12, 10 10.0 11",
    "exclusiveMinimum=10, 10.01 11 10.0001, 10 10.0 9.9",
    "exclusiveMinimum=-0.5 maximum=0, -0.4999 -0.1 0 0.0, -0.5 -0.50 0.1",
    "minimum=5 maximum=5, 5 5.0, 4 5.1 6",
    "minimum=1000000000000, 1000000000000 1000000000001.5, 999999999999 999999999999.9"
  })
  void numbersWithinTheBoundsAreTextsAndOthersAreNot(String bounds, String within, String others) {
    ByteGrammar grammar = Grammars.schema(schema(bounds));
    for (String number : within.split(" ")) {
      assertThat(Walks.accepts(grammar, number)).as(number).isTrue();
    }
    for (String number : others.split(" ")) {
      assertThat(Walks.accepts(grammar, number)).as(number).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aNumberIsATextIfItIsBetweenRandomBounds(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 30; i++) {
      BigDecimal low = number(random);
      BigDecimal high = low.add(number(random).abs()).add(BigDecimal.ONE.movePointLeft(3));
      boolean within = random.nextBoolean();
      Map<String, @Nullable Object> schema = new HashMap<>(Map.of("type", "number"));
      schema.put(within ? "minimum" : "exclusiveMinimum", low.doubleValue());
      schema.put(within ? "maximum" : "exclusiveMaximum", high.doubleValue());
      ByteGrammar grammar = Grammars.schema(schema);
      for (int j = 0; j < 30; j++) {
        BigDecimal number = j == 0 ? low : j == 1 ? high : number(random);
        int above = number.compareTo(low);
        int below = number.compareTo(high);
        boolean expected = within ? above >= 0 && below <= 0 : above > 0 && below < 0;
        assertThat(Walks.accepts(grammar, number.toPlainString()))
            .as("%s of %s", number, schema)
            .isEqualTo(expected);
        BigDecimal written = new BigDecimal(Walks.random(grammar, random, 1 + random.nextInt(8)));
        assertThat(written).as("of %s", schema).isBetween(low, high);
      }
    }
  }

  private static BigDecimal number(Random random) {
    int scale = random.nextInt(4);
    int whole = random.nextInt(-3000, 3000);
    return whole == 0 ? BigDecimal.ZERO : BigDecimal.valueOf(whole, scale);
  }

  @Test
  void numbersWithoutBoundsMayHaveAnExponent() {
    assertThat(Walks.accepts(Grammars.schema(Map.of("type", "number")), "-1.5e-3")).isTrue();
  }
}

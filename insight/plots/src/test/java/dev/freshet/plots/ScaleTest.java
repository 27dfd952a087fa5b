package dev.freshet.plots;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScaleTest {
  private static Scale logarithmic(double... values) {
    return Scale.of(new Axis.Logarithmic("ms"), DoubleStream.of(values));
  }

  private static Scale linear(double min, double max, double... values) {
    return Scale.of(new Axis.Linear("s", min, max), DoubleStream.of(values));
  }

  private static List<String> labels(Scale scale, int max) {
    return scale.ticks(max).stream().map(Scale.Tick::label).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 7.3, 5, '0,2,4,6'",
    "0, 100, 6, '0,20,40,60,80,100'",
    "-1.4, 12, 7, '0,2,4,6,8,10,12'",
    "0, 0.0007, 4, '0,0.0002,0.0004,0.0006'",
    "3, 3, 6, '3,3.2,3.4,3.6,3.8,4'",
  })
  void ticksOfALinearAxisAreOneTwoOrFiveTimesAPowerOfTenApart(
      double from, double to, int max, String expected) {
    assertThat(labels(linear(from, to), max)).containsExactly(expected.split(","));
  }

  @Test
  void labelsHaveThousandsSeparators() {
    assertThat(labels(linear(0, 20_000), 3)).containsExactly("0", "10,000", "20,000");
  }

  @Test
  void aLogarithmicAxisBeginsAndEndsAtOneTwoOrFive() {
    Scale scale = logarithmic(1.51, 2376);

    assertThat(scale.from()).isEqualTo(1);
    assertThat(scale.to()).isEqualTo(5000);
    assertThat(logarithmic(0.3, 0.4).from()).isCloseTo(0.2, within(1e-12));
    assertThat(logarithmic(0.3, 0.4).to()).isCloseTo(0.5, within(1e-12));
    assertThat(logarithmic(1000, 1000).from()).isEqualTo(1000);
    assertThat(logarithmic(1000, 1000).to()).isEqualTo(10_000);
  }

  @Test
  void aLogarithmicAxisOfFewDecadesHasTicksWithinThemAndOneOfManySkipsSome() {
    assertThat(labels(logarithmic(1.2, 18), 7)).containsExactly("1", "2", "5", "10", "20");
    assertThat(labels(logarithmic(1.51, 2376), 7)).containsExactly("1", "10", "100", "1,000");
    assertThat(labels(logarithmic(1e-3, 1e6), 5))
        .containsExactly("0.001", "0.1", "10", "1,000", "100,000");
  }

  @Test
  void decadesAreEquallyLongAndValuesOfZeroOrLessAreAtTheBeginning() {
    Scale scale = logarithmic(1, 10_000);

    assertThat(scale.place(10)).isCloseTo(0.25, within(1e-12));
    assertThat(scale.place(100)).isCloseTo(0.5, within(1e-12));
    assertThat(scale.place(0)).isZero();
    assertThat(scale.place(-3)).isZero();
    assertThat(scale.place(Double.NaN)).isNaN();
    assertThat(scale.at(scale.place(37))).isCloseTo(37, within(1e-9));
  }

  @Test
  void anAxisWithoutValuesStillHasTicks() {
    assertThat(labels(logarithmic(), 7)).contains("1", "10");
    assertThat(labels(linear(0, 0, Double.NaN), 2)).containsExactly("0", "0.5", "1");
  }

  @Test
  void namesAreEvenlySpaced() {
    Scale scale = Scale.of(new Axis.Named("streams", List.of("idle", "150")), DoubleStream.empty());

    assertThat(labels(scale, 7)).containsExactly("idle", "150");
    assertThat(scale.place(0)).isEqualTo(0.25);
    assertThat(scale.place(1)).isEqualTo(0.75);
  }
}

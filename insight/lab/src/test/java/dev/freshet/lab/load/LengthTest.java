package dev.freshet.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LengthTest {
  private static final int DRAWS = 20_000;

  private static int[] draws(Length length) {
    SplittableRandom random = new SplittableRandom(7);
    return IntStream.range(0, DRAWS).map(_ -> length.draw(random)).toArray();
  }

  @Test
  void aNumberIsAConstant() {
    assertThat(draws(Length.parse("256"))).containsOnly(256);
  }

  @Test
  void aUniformLengthDrawsExactlyTheValuesOfItsRange() {
    int[] drawn = draws(Length.parse("uniform:64-80"));

    assertThat(IntStream.of(drawn).distinct().sorted())
        .containsExactlyElementsOf(IntStream.rangeClosed(64, 80).boxed().toList());
    assertThat(IntStream.of(drawn).average().orElseThrow()).isCloseTo(72, within(0.2));
  }

  @Test
  void aLogNormalLengthHasTheExpectedMeanAndMedian() {
    Length length = Length.parse("lognormal:200,0.5");
    int[] drawn = draws(length);

    assertThat(IntStream.of(drawn).average().orElseThrow()).isCloseTo(200, within(3.0));
    assertThat(IntStream.of(drawn).sorted().skip(DRAWS / 2).findFirst().orElseThrow())
        .isCloseTo((int) Math.round(200 * Math.exp(-0.125)), within(4)); // mean · e^(−σ²/2)
    assertThat(IntStream.of(drawn).max().orElseThrow()).isLessThanOrEqualTo(length.max());
    assertThat(IntStream.of(drawn).min().orElseThrow()).isPositive();
  }

  @Test
  void aLongTailIsCutOff() {
    Length length = Length.parse("lognormal:10,4");

    assertThat(IntStream.of(draws(length)).max().orElseThrow()).isEqualTo(80);
    assertThat(length.max()).isEqualTo(80);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-1",
        "many",
        "uniform:9-3",
        "uniform:9",
        "lognormal:0,1",
        "lognormal:5,0",
        "lognormal:1.2.3,1",
        "99999999999"
      })
  void malformedTextIsRejectedWithTheExpectedForm(String text) {
    assertThatThrownBy(() -> Length.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected ");
  }
}

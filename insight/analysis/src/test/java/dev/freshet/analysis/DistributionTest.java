package dev.freshet.analysis;

import static java.lang.Double.NaN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class DistributionTest {
  @Test
  void percentilesLieLinearlyBetweenTheNearestRanks() {
    Distribution figures = Distribution.of(List.of(40.0, 10.0, 30.0, 20.0));

    assertThat(figures.count()).isEqualTo(4);
    assertThat(figures.min()).isEqualTo(10);
    assertThat(figures.mean()).isEqualTo(25);
    assertThat(figures.stddev()).isCloseTo(Math.sqrt(125), within(1e-9));
    assertThat(figures.p50()).isEqualTo(25);
    assertThat(figures.p95()).isCloseTo(38.5, within(1e-9)); // Rank 0.95 · 3 = 2.85.
    assertThat(figures.p99()).isCloseTo(39.7, within(1e-9));
    assertThat(figures.max()).isEqualTo(40);
  }

  @Test
  void ofOneValueAllFiguresAreThatValue() {
    assertThat(Distribution.of(List.of(3.5)))
        .isEqualTo(new Distribution(1, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 0));
  }

  @Test
  void withoutValuesAllFiguresAreUnknown() {
    assertThat(Distribution.of(List.of()))
        .isEqualTo(new Distribution(0, NaN, NaN, NaN, NaN, NaN, NaN, NaN));
  }
}

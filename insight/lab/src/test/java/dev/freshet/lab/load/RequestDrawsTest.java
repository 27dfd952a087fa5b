package dev.freshet.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RequestDrawsTest {
  private static RequestDraws draws(long seed) {
    return new RequestDraws(
        new LoadShape(
            OptionalDouble.of(50),
            Length.parse("uniform:1-1000"),
            Length.parse("lognormal:30,1"),
            Length.parse("uniform:0-500"),
            0.25,
            OptionalInt.empty(),
            seed));
  }

  private static List<RequestDraws.Drawn> requests(RequestDraws draws) {
    return Stream.generate(draws::next).limit(10_000).toList();
  }

  @Test
  void theSameSeedGivesTheSameRequestsInTheSameOrder() {
    assertThat(requests(draws(3))).isEqualTo(requests(draws(3))).isNotEqualTo(requests(draws(4)));
  }

  @Test
  void arrivalsDoNotChangeTheRequests() {
    RequestDraws open = draws(3);
    for (int i = 0; i < 100; i++) {
      assertThat(open.nextArrivalNanos()).isPositive();
    }

    assertThat(requests(open)).isEqualTo(requests(draws(3)));
  }

  @Test
  void theShareOfSlowReadersIsAsConfigured() {
    long slow = requests(draws(3)).stream().filter(RequestDraws.Drawn::slow).count();

    assertThat(slow / 10_000.0).isCloseTo(0.25, within(0.02));
  }

  @Test
  void arrivalsArePoissonWithTheConfiguredRate() {
    RequestDraws draws = draws(3);
    double[] seconds =
        Stream.generate(draws::nextArrivalNanos).limit(20_000).mapToDouble(n -> n / 1e9).toArray();
    double mean = Arrays.stream(seconds).average().orElseThrow();
    double variance =
        Arrays.stream(seconds).map(s -> (s - mean) * (s - mean)).average().orElseThrow();

    assertThat(mean).isCloseTo(1.0 / 50, within(0.0005));
    assertThat(Math.sqrt(variance)).as("as of an exponential").isCloseTo(mean, within(0.001));
  }
}

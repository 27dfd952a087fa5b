package dev.freshet.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class EngineSecondsTest {
  private static final String PAGE =
      """
      # HELP freshet_engine_linear_seconds_total Time in linear layers
      # TYPE freshet_engine_linear_seconds_total counter
      freshet_engine_linear_seconds_total %s
      # TYPE freshet_engine_step_seconds_total counter
      freshet_engine_step_seconds_total %s
      freshet_generated_tokens_total 42.0
      """;

  @Test
  void theShareOfLinearLayersIsThatOfTheTimeSinceTheFirstPage() {
    EngineSeconds before = EngineSeconds.parse(PAGE.formatted("1.5", "10.0"));
    EngineSeconds after = EngineSeconds.parse(PAGE.formatted("2.1", "1.1E1"));

    assertThat(after.linearShareSince(before)).isCloseTo(0.6, within(1e-9));
  }

  @Test
  void aServerThatMadeNoStepOrHasNoSuchMetricHasNoShare() {
    EngineSeconds before = EngineSeconds.parse(PAGE.formatted("1.5", "10.0"));
    EngineSeconds other = EngineSeconds.parse("vllm:generation_tokens_total 5.0\n");

    assertThat(before.linearShareSince(before)).isNaN();
    assertThat(other.linearShareSince(other)).isNaN();
  }
}

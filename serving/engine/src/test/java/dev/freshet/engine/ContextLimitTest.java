package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.config.ConfigLoader;
import dev.freshet.engine.Fixture.Golden;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models whose rotary embeddings depend on how long a sequence may become. */
@Timeout(120)
class ContextLimitTest {

  private static EmbeddedEngine engine(Path fixture, int maxModelLen) {
    EngineConfig config =
        ConfigLoader.load(
            EngineConfig.class,
            Optional.empty(),
            Map.of("max_model_len", String.valueOf(maxModelLen), "dtype", "float32"));
    return new EmbeddedEngine(
        fixture,
        config,
        MonotonicClock.SYSTEM,
        new EngineMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama-dynamic", "tiny-mistral-longrope", "tiny-phi3-longrope-old"})
  void theLimitOfTheContextDecidesWhichFrequenciesAllCompletionsHave(String name) throws Exception {
    Path fixture = LLAMA.resolveSibling(name);
    for (Golden golden : Fixture.golden(fixture)) {
      try (EmbeddedEngine engine = engine(fixture, golden.maxLength())) {
        Collected collected = Collected.of(engine, greedy(golden.prompt(), golden.greedy().size()));

        assertThat(collected.all())
            .as("%s, at most %d", golden.text(), golden.maxLength())
            .isEqualTo(golden.greedy());
        for (int token = 0; token < golden.greedy().size(); token++) {
          assertThat((double) collected.events().get(token).logprob())
              .isCloseTo(golden.logprobs().get(token), within(1e-4));
        }
      }
    }
  }

  @Test
  void aScalingExtendsTheContextBeyondTheConfiguredPositions() throws IOException {
    try (EmbeddedEngine engine = engine(LLAMA.resolveSibling("tiny-llama-dynamic"), 1000)) {
      assertThat(engine.maxModelLen()).isEqualTo(64);
    }
    try (EmbeddedEngine engine = engine(LLAMA.resolveSibling("tiny-mistral-longrope"), 1000)) {
      assertThat(engine.maxModelLen()).isEqualTo(256);
    }
  }
}

package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.EngineConfig.HeadPrecision;
import dev.freshet.engine.EngineConfig.Precision;
import dev.freshet.engine.TokenEvent.TopLogprob;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Logprobs of a 16-bit model, with logits in its own type and in 32-bit floats. */
@Timeout(120)
class HeadPrecisionTest {
  private static final int TOKENS = 24;

  @TempDir Path dir;

  private static EmbeddedEngine engine(Path base, HeadPrecision head) {
    return new EmbeddedEngine(
        base,
        new EngineConfig(
            "tiny", 4, 256, 64, 64, 0, 1, Precision.BFLOAT16, head, true, false, Fixture.ADAPTERS),
        MonotonicClock.SYSTEM,
        new EngineMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM));
  }

  /** A greedy completion with the 20 most likely tokens at each place. */
  private static List<List<TopLogprob>> tops(EmbeddedEngine engine) throws Exception {
    Collected completion =
        Collected.of(
            engine,
            request(
                new int[] {320, 363, 364}, TOKENS, 0, 1, 0, OptionalLong.empty(), Set.of(), 20));
    completion.finish();
    return completion.events().stream().map(TokenEvent::top).toList();
  }

  private static long ties(List<List<TopLogprob>> tops) {
    return tops.stream()
        .mapToLong(top -> top.size() - top.stream().map(TopLogprob::logprob).distinct().count())
        .sum();
  }

  @Test
  void tokensThatTieInTheModelsTypeDoNotInFloats() throws Exception {
    try (EmbeddedEngine auto = engine(LLAMA, HeadPrecision.AUTO);
        EmbeddedEngine wide = engine(LLAMA, HeadPrecision.FLOAT32)) {
      assertThat(ties(tops(auto))).isPositive();
      assertThat(ties(tops(wide))).isZero();
    }
  }

  @Test
  void everyVersionHasTheHeadOfItsOwnCheckpoint() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 3, LLAMA, 0.05);
    try (EmbeddedEngine updated = engine(LLAMA, HeadPrecision.FLOAT32);
        EmbeddedEngine fresh = engine(checkpoint, HeadPrecision.FLOAT32)) {
      List<List<TopLogprob>> before = tops(updated);
      Fixture.update(updated, checkpoint, OptionalLong.of(3));
      assertThat(tops(updated)).isEqualTo(tops(fresh)).isNotEqualTo(before);

      updated.update(
          new WeightOperation.Rollback(OptionalLong.empty(), UpdateMode.KEEP), Fixture.DEADLINE);
      assertThat(tops(updated)).isEqualTo(before);
    }
  }
}

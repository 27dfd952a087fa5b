package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.PeftAdapters.load;
import static dev.freshet.engine.PeftAdapters.unload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.engine.EngineException.Kind;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Adapters that cannot be loaded or unloaded, and what the engine says about them. */
@Timeout(120)
class RefusedAdapterTest {
  @TempDir Path dir;

  private static void assertRefused(Kind kind, ThrowingCallable call, String... message) {
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.kind()).isEqualTo(kind))
        .satisfies(e -> assertThat(e.getMessage()).contains(message));
  }

  @Test
  void aBrokenAdapterIsRefusedWithItsFaultAndNothingIsLoaded() throws Exception {
    Path missing = dir.resolve("missing");
    Path nan = PeftAdapters.copy("llama", dir.resolve("nan"));
    PeftAdapters.endWithNan(nan);
    Path flipped = PeftAdapters.published(dir.resolve("published"), "llama", 1);
    Fixture.flipLastByte(flipped.resolve("adapter_model.safetensors"));
    Path shortened = PeftAdapters.copy("llama", dir.resolve("shortened"));
    Fixture.truncate(shortened.resolve("adapter_model.safetensors"), 4);
    Path unconfigured = PeftAdapters.copy("llama", dir.resolve("unconfigured"));
    Files.delete(unconfigured.resolve("adapter_config.json"));
    Path bin = Files.createDirectory(dir.resolve("bin"));
    Files.createFile(bin.resolve("adapter_model.bin"));
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Integer> base = Fixture.continuation(engine, PeftAdapters.prompt("llama"), 24);

      assertRefused(
          Kind.NOT_FOUND, () -> load(engine, "x", missing), missing + ": no such directory");
      assertRefused(Kind.CONFLICT, () -> load(engine, "x", nan), nan + ": tensor ", "NaN");
      assertRefused(Kind.CONFLICT, () -> load(engine, "x", flipped), "CRC32C");
      assertRefused(Kind.CONFLICT, () -> load(engine, "x", shortened), shortened.toString());
      assertRefused(Kind.CONFLICT, () -> load(engine, "x", unconfigured), "adapter_config.json");
      assertRefused(Kind.CONFLICT, () -> load(engine, "x", bin), "adapter_model.safetensors");
      assertRefused(Kind.CONFLICT, () -> load(engine, "x", LLAMA), "no weights of a whole model");
      assertRefused(
          Kind.CONFLICT,
          () -> load(engine, "x", PeftAdapters.dir("phi3")),
          "tensor base_model.model.model.layers.0.",
          "expected shape");

      assertThat(engine.adapters()).isEmpty();
      assertThat(Fixture.continuation(engine, PeftAdapters.prompt("llama"), 24)).isEqualTo(base);
    }
  }

  @Test
  void aNameThatIsTakenIsRefusedAndSoIsOneThatIsNotLoaded() {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Path adapter = PeftAdapters.dir("llama");
      load(engine, "x", adapter);

      assertRefused(
          Kind.INVALID,
          () -> load(engine, "x", adapter),
          "adapter 'x' has already been loaded, from " + adapter);
      assertRefused(
          Kind.INVALID, () -> load(engine, "tiny", adapter), "it is the name of the base model");
      assertRefused(
          Kind.NOT_FOUND, () -> unload(engine, "y"), "adapter 'y' cannot be found: expected 'x'");
      unload(engine, "x");
      assertRefused(
          Kind.NOT_FOUND,
          () -> unload(engine, "x"),
          "adapter 'x' cannot be found: expected a loaded one, and none is");
    }
  }

  @Test
  void theLimitsOfNumberAndRankAreNamed() {
    try (EmbeddedEngine engine = engine(new AdapterLimits(2, 4))) {
      assertRefused(
          Kind.CONFLICT,
          () -> load(engine, "x", PeftAdapters.dir("llama-rslora")),
          "r 8: expected at most 4 (inference.max_lora_rank)");
      IntStream.range(0, 2).forEach(i -> load(engine, "x" + i, PeftAdapters.dir("llama")));
      assertRefused(
          Kind.CONFLICT,
          () -> load(engine, "x2", PeftAdapters.dir("llama")),
          "2 adapters are loaded and 0 unloaded ones",
          "expected fewer than 2 together (inference.max_loras)");
    }
  }

  private static EmbeddedEngine engine(AdapterLimits limits) {
    return new EmbeddedEngine(
        LLAMA,
        new EngineConfig(
            "tiny",
            2,
            64,
            4,
            64,
            0,
            1,
            EngineConfig.Precision.AUTO,
            EngineConfig.HeadPrecision.AUTO,
            true,
            false,
            limits),
        MonotonicClock.SYSTEM,
        new EngineMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM));
  }

  @Test
  void aSyntheticEngineAndAClosedOneLoadNone() {
    EngineMetrics metrics = new EngineMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM);
    SyntheticEngine engine =
        new SyntheticEngine("none", 10, new int[] {1}, 100, MonotonicClock.SYSTEM, metrics);
    try (engine) {
      assertRefused(
          Kind.INVALID,
          () -> load(engine, "x", PeftAdapters.dir("llama")),
          "a synthetic engine has no adapters");
    }
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> load(engine, "x", PeftAdapters.dir("llama")));
  }
}

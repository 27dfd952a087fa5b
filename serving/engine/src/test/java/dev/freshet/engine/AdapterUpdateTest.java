package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.weights.CheckpointStore;
import dev.freshet.wire.UpdateMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Updates to adapters that PEFT wrote, against what PEFT continues with them. */
@Timeout(120)
class AdapterUpdateTest {
  @TempDir Path dir;

  @Test
  void anUpdateToAnAdapterServesTheBaseModelWithItAndARollbackWithoutIt() throws Exception {
    Path first = published("llama", 3);
    Path second = published("llama-rslora", 4);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Integer> base = continuation(engine, "llama");

      assertThat(Fixture.update(engine, first, OptionalLong.empty()).policyVersion()).isEqualTo(3);
      assertThat(continuation(engine, "llama"))
          .isEqualTo(PeftAdapters.greedy("llama"))
          .isNotEqualTo(base);

      // An adapter is added to the base model, not to the adapter before it.
      Fixture.update(engine, second, OptionalLong.empty());
      assertThat(continuation(engine, "llama-rslora"))
          .isEqualTo(PeftAdapters.greedy("llama-rslora"));

      WeightOperation rollback =
          new WeightOperation.Rollback(OptionalLong.empty(), UpdateMode.KEEP);
      assertThat(engine.update(rollback, Fixture.DEADLINE).policyVersion()).isEqualTo(3);
      assertThat(continuation(engine, "llama")).isEqualTo(PeftAdapters.greedy("llama"));

      engine.update(new WeightOperation.Reload(UpdateMode.KEEP), Fixture.DEADLINE);
      assertThat(continuation(engine, "llama")).isEqualTo(base);
    }
  }

  @Test
  void anUpdateToAnAdapterOfATiedHeadGivesTheHeadWeightsOfItsOwn() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA.resolveSibling("tiny-qwen2"))) {
      List<Integer> base = continuation(engine, "qwen2-head");

      Fixture.update(engine, published("qwen2-head", 3), OptionalLong.empty());
      assertThat(continuation(engine, "qwen2-head"))
          .isEqualTo(PeftAdapters.greedy("qwen2-head"))
          .isNotEqualTo(base);

      engine.update(new WeightOperation.Reload(UpdateMode.KEEP), Fixture.DEADLINE);
      assertThat(continuation(engine, "qwen2-head")).isEqualTo(base);
    }
  }

  @Test
  void aDirectoryOfPeftServesOnceItIsMarkedStableAndGivenAStep() throws Exception {
    Path copy = PeftAdapters.copy("llama", dir.resolve("copy"));
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      assertRefused(engine, copy, copy + ": no STABLE marker");
      Files.createFile(copy.resolve(CheckpointStore.STABLE));

      Fixture.update(engine, copy, OptionalLong.of(8));

      assertThat(engine.policyVersion()).isEqualTo(8);
      assertThat(continuation(engine, "llama")).isEqualTo(PeftAdapters.greedy("llama"));
    }
  }

  @Test
  void aRefusedAdapterNamesTheFaultAndTheOldVersionKeepsServing() throws Exception {
    Path other = published("phi3", 5);
    Path flipped = published("llama", 6);
    Fixture.flipLastByte(flipped.resolve("adapter_model.safetensors"));
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Integer> base = continuation(engine, "llama");

      assertRefused(engine, other, other + ": tensor ", "expected shape");
      assertRefused(engine, flipped, flipped + ": tensor ", "CRC32C");

      assertThat(engine.policyVersion()).isZero();
      assertThat(continuation(engine, "llama")).isEqualTo(base);
    }
  }

  private static void assertRefused(EmbeddedEngine engine, Path adapter, String... message) {
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> Fixture.update(engine, adapter, OptionalLong.of(9)))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(EngineException.Kind.CONFLICT))
        .satisfies(e -> assertThat(e.getMessage()).contains(message));
  }

  private Path published(String name, long step) throws IOException {
    return PeftAdapters.published(dir, name, step);
  }

  private static List<Integer> continuation(EmbeddedEngine engine, String name) throws Exception {
    return Fixture.continuation(engine, PeftAdapters.prompt(name), 24);
  }
}

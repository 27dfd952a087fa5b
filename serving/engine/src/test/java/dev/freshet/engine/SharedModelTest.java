package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.Decoder;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.Torch;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the policy versions of one base model have in common, and for how long. */
class SharedModelTest {
  @TempDir Path dir;
  private Computation computation;
  private CheckpointSource source;

  @BeforeEach
  void openSource() {
    ModelConfig config = ConfigJson.read(LLAMA);
    computation = Computation.of(Fixture.config(1, 1, false), config.dtype());
    source = new CheckpointSource(LLAMA, config, computation, 64, false, MonotonicClock.SYSTEM);
  }

  @AfterEach
  void endThreads() {
    computation.close();
  }

  @Test
  void versionsThatAreAdaptersShareTheDecoderOfTheirBaseModelUntilTheLastIsFreed()
      throws Exception {
    VersionedModel base = source.readBase().build().weights();
    VersionedModel first = adapter("llama", 3);
    VersionedModel second = adapter("llama-rslora", 4);
    Decoder shared = base.decoder();
    assertThat(first.decoder()).isSameAs(shared);
    assertThat(second.decoder()).isSameAs(shared);
    assertThat(base.adapter()).isEmpty();
    assertThat(first.adapter()).isPresent().isNotEqualTo(second.adapter());

    base.retire();
    first.close();
    assertThat(width(second)).isEqualTo(base.config().vocabSize());

    base.fault();
    base.rebuild();
    assertThat(base.decoder()).isSameAs(shared);
    base.close();
    second.retire();
    second.fault();
    second.rebuild();
    assertThat(second.decoder()).as("built again after all were freed").isNotSameAs(shared);
    second.close();
  }

  @Test
  void anAdapterOfABaseModelThatNoVersionHasAnyMoreReadsItAgain() throws Exception {
    VersionedModel base = source.readBase().build().weights();
    int width = width(base);
    base.close();

    try (VersionedModel adapter = adapter("llama", 3)) {
      assertThat(width(adapter)).isEqualTo(width);
    }
  }

  @Test
  void aReloadReadsTheFilesOfTheBaseModelAgainBesideTheAdapterThatServes() throws Exception {
    try (VersionedModel base = source.readBase().build().weights();
        VersionedModel adapter = adapter("llama", 3);
        VersionedModel reloaded = source.readBase().build().weights();
        VersionedModel next = adapter("llama-rslora", 4)) {
      assertThat(adapter.decoder()).isSameAs(base.decoder());
      assertThat(reloaded.decoder()).isNotSameAs(base.decoder());
      assertThat(next.decoder()).isSameAs(reloaded.decoder());
    }
  }

  private VersionedModel adapter(String name, long step) throws Exception {
    Path published = PeftAdapters.published(dir, name, step);
    return source.read(published, step, VerifyLevel.FULL).build().weights();
  }

  /** The number of logits of a token. */
  private static int width(VersionedModel version) {
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      Decoder decoder = version.decoder();
      return Math.toIntExact(
          decoder
              .headOutput(decoder.embedded(Torch.longs(new long[] {1}, 1, 1)).view(1, -1))
              .size(-1));
    }
  }
}

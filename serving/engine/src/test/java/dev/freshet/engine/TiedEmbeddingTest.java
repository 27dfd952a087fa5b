package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.PackedLinear;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
@EnabledOnOs(OS.LINUX)
class TiedEmbeddingTest {
  private static final int VOCABULARY = 65_536;

  @TempDir Path dir;

  @Test
  void anEmbeddingThatIsPackedAsTheHeadIsNotInMemoryTwiceAfterManyTokens() throws Exception {
    assumeTrue(PackedLinear.supports(ScalarType.Float));
    ModelConfig config = tied();
    Path model = published(config);
    int[] prompt = new SplittableRandom(1).ints(250, 3, VOCABULARY).toArray();

    try (EmbeddedEngine engine = Fixture.engine(model)) {
      for (int round = 0; round < 4; round++) {
        assertThat(Collected.of(engine, greedy(prompt, 3)).all()).isNotEmpty();
      }

      long embedding = (long) VOCABULARY * config.hiddenSize() * Float.BYTES;
      assertThat(residentBytes(model)).isLessThan(embedding / 2);
    }
  }

  /** The fixture's model with a tied embedding of 16 MiB. */
  private ModelConfig tied() throws IOException {
    String json =
        Files.readString(LLAMA.resolve("config.json"))
            .replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true")
            .replace("\"vocab_size\": 512", "\"vocab_size\": " + VOCABULARY);
    Files.writeString(dir.resolve("config.json"), json);
    return ConfigJson.read(dir);
  }

  private Path published(ModelConfig config) {
    try (ModelWeights weights = ModelWeights.random(config, 1)) {
      return new CheckpointStore(dir.resolve("weights"))
          .publish(0, 0, weights.views(), CheckpointStore.sideFiles(dir));
    }
  }

  /** The resident bytes of all mappings of files in a directory. */
  private static long residentBytes(Path directory) throws IOException {
    long kilobytes = 0;
    boolean ours = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        ours = line.contains(directory.toString());
      } else if (ours && line.startsWith("Rss:")) {
        kilobytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return kilobytes << 10;
  }
}

package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.primerl.MicroBatchWriter;
import dev.freshet.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run whose batches also go to prime-rl's trainer. */
@Timeout(120)
class PrimeRlTrainerTest {
  @Test
  void everyBatchIsWrittenForEveryRankToo(@TempDir Path dir, @TempDir Path output)
      throws Exception {
    Path rollouts = output.resolve("rollouts");
    TestConfig config = TestConfig.of(1, 3);
    config.primeRl =
        new PrimeRlConfig(
            PrimeRlConfig.Transport.FILES, rollouts.toString(), 2, 64, 8, "127.0.0.1", 5555, 60);
    try (Tokenizer tokenizer = TestRun.tokenizer(dir);
        TestServer server = new TestServer(TestRun::reverser)) {
      config.servers = List.of(server.address());
      try (TestRun run = new TestRun(dir, config, tokenizer, TestRun.reverseText());
          TestTrainer trainer = run.trainer(3, batch -> {})) {
        run.start();
        run.report();

        assertThat(trainer.batches).hasSize(3);
        for (TrainingBatch batch : trainer.batches) {
          List<byte[]> ranks = MicroBatchWriter.encode(batch, config.primeRl.packing());
          Path step = rollouts.resolve("step_" + batch.step());
          assertThat(Files.readAllBytes(step.resolve("rank_0.bin"))).isEqualTo(ranks.get(0));
          assertThat(Files.readAllBytes(step.resolve("rank_1.bin"))).isEqualTo(ranks.get(1));
        }
      }
    }
  }
}

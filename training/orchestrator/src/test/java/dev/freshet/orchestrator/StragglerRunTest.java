package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.environments.ReverseText;
import dev.freshet.environments.Split;
import dev.freshet.rollouts.Rollout;
import dev.freshet.text.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run whose first group takes longer than all others. */
@Timeout(120)
class StragglerRunTest {
  private static final int GROUP = 4;

  @TempDir Path dir;

  @Test
  void aBatchThatIsCompleteWaitsForAGroupThatItWouldMakeStale() throws Exception {
    ReverseText environment = TestRun.reverseText();
    String first = environment.problem(Split.TRAIN, 0).text();
    CountDownLatch released = new CountDownLatch(1);
    Set<Integer> held = ConcurrentHashMap.newKeySet();
    TestConfig config = TestConfig.of(1, 3);
    config.evalProblems = 0;
    config.stragglerWait = 1e6;
    try (Tokenizer tokenizer = TestRun.tokenizer(dir);
        TestServer server = new TestServer(TestRun::reverser)) {
      config.servers = List.of(server.address());
      server.gate =
          prompt -> {
            if (tokenizer.decode(prompt, true).equals(first)
                && held.size() < GROUP
                && held.add(held.size())) {
              assertThat(released.await(100, TimeUnit.SECONDS)).isTrue();
            }
            return TestServer.Fate.WELL;
          };
      try (TestRun run = new TestRun(dir, config, tokenizer, environment);
          TestTrainer trainer = run.trainer(3, batch -> {})) {
        run.start();
        TestRun.await("the weights of batch 1", () -> server.version == 1);
        TestRun.await(
            "the other groups of two batches",
            () -> server.prompts.size() == 6 * GROUP && server.streaming.get() == GROUP);
        assertThat(trainer.batches).hasSize(1);
        released.countDown();
        OrchestratorReport report = run.report();

        assertThat(report.finished()).isTrue();
        assertThat(report.groups().stale()).isZero();
        assertThat(trainer.batches.get(1).rollouts()).extracting(Rollout::groupId).contains("g0");
        // How long depends on when the last group before it was scored; it may be no time at all.
        assertThat(run.metrics("step").get(1).path("straggler_wait_ms").asDouble(-1))
            .isNotNegative();
      }
    }
  }
}

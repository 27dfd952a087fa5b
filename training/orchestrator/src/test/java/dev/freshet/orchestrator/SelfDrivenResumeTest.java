package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.orchestrator.AskingEnvironment.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * How a run is resumed whose environment's program plays the episodes. A copy of the run's
 * directory, made while some streams are held, is what a killed process leaves.
 */
@Timeout(180)
class SelfDrivenResumeTest {
  private static final int STEPS = 3;
  private static final int BATCH = 8;

  /** Of the batch in which the first process is killed. */
  private static final int ENDED = 3;

  @TempDir Path dir;

  @Test
  void anEpisodeThatHadEndedComesBackWithItsBranchesAndTheOthersArePlayedAgain() throws Exception {
    Path whole = Files.createDirectory(dir.resolve("whole"));
    assertThat(finish(whole)).isEqualTo(BATCH * STEPS);
    Path killed = dir.resolve("killed");
    runUntilSomeOfTheSecondBatchHaveEnded(killed);

    int asked = finish(killed);

    assertThat(asked).isEqualTo(BATCH * (STEPS - 1) - ENDED);
    for (int step = 1; step <= STEPS; step++) {
      assertThat(ResumeTest.batch(killed, step))
          .as("batch %d", step)
          .hasSameBinaryContentAs(ResumeTest.batch(whole, step));
    }
    assertThat(Files.readString(ResumeTest.batch(killed, 2))).contains("-0.1\"");
    assertThat(ResumeTest.lines(killed, "step")).isEqualTo(ResumeTest.lines(whole, "step"));
  }

  /** Runs or resumes to the end. Returns how many completions the program asked for. */
  private static int finish(Path run) throws Exception {
    try (TestServer server = server();
        AskingEnvironment environment = new AskingEnvironment(Fault.NEVER_ENDS, 1_000_000);
        TestRun test = new TestRun(run, config(server), new NumbersFormat(), environment);
        TestTrainer _ = test.trainer(STEPS, batch -> {})) {
      test.start();
      assertThat(test.report().finished()).isTrue();
      return server.prompts.size();
    }
  }

  private void runUntilSomeOfTheSecondBatchHaveEnded(Path killed) throws Exception {
    Path running = Files.createDirectory(dir.resolve("running"));
    CountDownLatch copied = new CountDownLatch(1);
    AtomicInteger begun = new AtomicInteger();
    try (TestServer server = server();
        AskingEnvironment environment = new AskingEnvironment(Fault.NEVER_ENDS, 1_000_000);
        TestRun run = new TestRun(running, config(server), new NumbersFormat(), environment);
        TestTrainer _ = run.trainer(STEPS, batch -> {})) {
      server.tokenGate =
          (prompt, index) -> {
            if (server.version == 1 && index == 0 && begun.incrementAndGet() > ENDED) {
              assertThat(copied.await(60, TimeUnit.SECONDS)).isTrue();
            }
          };
      run.start();
      TestRun.await("episodes to end", () -> run.scored() == BATCH + ENDED);
      ResumeTest.copy(running, killed);
      copied.countDown();
      run.orchestrator.stop();
    }
  }

  private static TestConfig config(TestServer server) {
    TestConfig config = TestConfig.of(0, STEPS, server);
    config.evalProblems = 0;
    return config;
  }

  private static TestServer server() throws IOException {
    return new TestServer((prompt, seed, version) -> new int[] {(int) (seed % 5), 2, 3, 4});
  }
}

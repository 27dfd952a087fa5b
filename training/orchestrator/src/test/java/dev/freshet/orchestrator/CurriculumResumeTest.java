package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigLoader;
import dev.freshet.environments.Environment;
import dev.freshet.environments.EnvironmentConfig;
import dev.freshet.environments.Environments;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How a run with a curriculum is resumed. A copy of the run's directory, made while some streams
 * are held, is what a killed process leaves.
 */
@Timeout(180)
class CurriculumResumeTest {
  private static final int STEPS = 6;

  @TempDir Path dir;

  /**
   * @param version the policy version at which the first process is killed
   */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 4})
  void aRunThatIsKilledDrawsTheLevelsOfOneThatIsNot(long version) throws Exception {
    Path whole = Files.createDirectory(dir.resolve("whole"));
    finish(whole);
    Path killed = dir.resolve("killed");
    runUntil(killed, version);

    finish(killed);

    assertEqualRuns(killed, whole);
  }

  @Test
  void theOutcomesOfABatchThatWasNotHandedOverAreLearntOnce() throws Exception {
    Path whole = Files.createDirectory(dir.resolve("whole"));
    finish(whole);
    Path killed = dir.resolve("killed");
    ResumeTest.copy(whole, killed);
    ResumeTest.cutJournalAfter(killed, "\"record\":\"taken\",\"step\":" + STEPS);
    ResumeTest.deleteTree(killed.resolve("weights/step_" + STEPS));
    Path metrics = killed.resolve("metrics/orchestrator.jsonl");
    List<String> lines = new ArrayList<>(Files.readAllLines(metrics));
    lines.removeIf(
        line ->
            ResumeTest.isOf(line, "run", "")
                || ResumeTest.isOf(line, "step", "\"step\":" + STEPS + ","));
    Files.write(metrics, lines);

    finish(killed);

    assertEqualRuns(killed, whole);
  }

  private static void assertEqualRuns(Path killed, Path whole) throws IOException {
    for (int step = 1; step <= STEPS; step++) {
      assertThat(ResumeTest.batch(killed, step))
          .as("batch %d", step)
          .hasSameBinaryContentAs(ResumeTest.batch(whole, step));
    }
    assertThat(ResumeTest.lines(killed, "step"))
        .hasSize(STEPS)
        .allMatch(line -> line.at("/curriculum/reverse-text").size() == 3)
        .isEqualTo(ResumeTest.lines(whole, "step"));
  }

  /** Runs or resumes to the end. */
  private static void finish(Path directory) throws Exception {
    try (TestServer server = new TestServer(CurriculumResumeTest::reversed);
        TestRun run = run(directory, server);
        TestTrainer _ = run.trainer(STEPS, batch -> {})) {
      run.start();
      assertThat(run.report().finished()).isTrue();
    }
  }

  /** Leaves what a process leaves that is killed when some answers of a version have ended. */
  private void runUntil(Path killed, long version) throws Exception {
    Path running = Files.createDirectory(dir.resolve("running"));
    CountDownLatch copied = new CountDownLatch(1);
    AtomicInteger begun = new AtomicInteger();
    try (TestServer server = new TestServer(CurriculumResumeTest::reversed);
        TestRun run = run(running, server);
        TestTrainer _ = run.trainer(STEPS, batch -> {})) {
      server.tokenGate =
          (prompt, index) -> {
            if (server.version == version && index == 0 && begun.incrementAndGet() > 6) {
              assertThat(copied.await(60, TimeUnit.SECONDS)).isTrue();
            }
          };
      run.start();
      TestRun.await("some streams to be held", () -> begun.get() > 6);
      ResumeTest.copy(running, killed);
      copied.countDown();
      run.orchestrator.stop();
    }
  }

  private static TestRun run(Path directory, TestServer server) throws IOException {
    TestConfig config = TestConfig.of(0, STEPS, server);
    config.evalProblems = 0;
    config.filterZeroAdvantage = true;
    EnvironmentConfig environment =
        ConfigLoader.load(
            EnvironmentConfig.class,
            Optional.empty(),
            Map.of(
                "alphabet", TestRun.ALPHABET,
                "min_length", "3",
                "max_length", "5",
                "curriculum.target", "0.5",
                "curriculum.pass_reward", "0.9",
                "curriculum.memory", "4"));
    return new TestRun(
        directory,
        config,
        TestRun.tokenizer(directory),
        Environments.open(environment, 1).environments().toArray(Environment[]::new));
  }

  /** Reverses strings, the longer the less often; the seed decides. */
  private static int[] reversed(int[] prompt, long seed, long version) {
    int letters = prompt.length - 2;
    boolean right = new Random(seed).nextDouble() < 1.5 - 0.3 * letters;
    return right ? TestRun.reverser(prompt, seed, 7) : new int[] {2};
  }
}

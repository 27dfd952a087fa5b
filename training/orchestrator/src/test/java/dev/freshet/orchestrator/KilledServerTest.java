package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.ReplicaState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The only server of a run ends in the middle of its streams, and starts again. */
@Timeout(180)
class KilledServerTest {
  @TempDir Path dir;

  /**
   * @param version the policy version at which the server ends
   * @param turn the turn in which its streams are then
   * @param tokens how many of the turn's tokens have arrived
   */
  @ParameterizedTest
  @CsvSource({"0, 0, 2", "2, 1, 1"})
  void aRunWhoseServerIsKilledHasTheBatchesOfOneWhoseServerIsNot(long version, int turn, int tokens)
      throws Exception {
    Path whole = Files.createDirectory(dir.resolve("whole"));
    List<int[]> _ = ResumeTest.finish(whole, NumberTurns.two(0));
    Path killed = Files.createDirectory(dir.resolve("killed"));

    List<int[]> held = new CopyOnWriteArrayList<>();
    List<int[]> prompts;
    TestServer first = new TestServer(ResumeTest::drawn);
    try (TestRun run =
            new TestRun(killed, ResumeTest.config(first), new NumbersFormat(), NumberTurns.two(0));
        TestTrainer _ = run.trainer(ResumeTest.STEPS, batch -> {})) {
      first.tokenGate =
          (prompt, index) -> {
            boolean training = !run.progress.isEmpty() && run.journaled() > 0;
            if (training
                && first.version == version
                && ResumeTest.turnOf(prompt) == turn
                && index == tokens) {
              held.add(prompt);
              new CountDownLatch(1).await(); // Until the server ends.
            }
          };
      run.start();
      TestRun.await("a stream to be held", () -> !held.isEmpty());
      TestRun.await(
          "the journal to have it", () -> !ResumeTest.streams(killed, turn, tokens).isEmpty());
      first.close();
      TestRun.await(
          "the fleet to miss its server",
          () -> run.orchestrator.replicas().getFirst().state() == ReplicaState.GONE);
      try (TestServer second = TestServer.restarted(first, ResumeTest::drawn)) {
        assertThat(run.report().finished()).isTrue();
        prompts = List.copyOf(second.prompts);
      }
    } finally {
      first.close();
    }

    for (int step = 1; step <= ResumeTest.STEPS; step++) {
      assertThat(ResumeTest.batch(killed, step))
          .as("batch %d", step)
          .hasSameBinaryContentAs(ResumeTest.batch(whole, step));
    }
    assertThat(ResumeTest.lines(killed, "step")).isEqualTo(ResumeTest.lines(whole, "step"));
    // What had arrived is part of a prompt now.
    assertThat(prompts)
        .anyMatch(
            prompt ->
                held.stream()
                    .anyMatch(
                        before ->
                            prompt.length == before.length + tokens
                                && ResumeTest.begins(prompt, before)));
  }
}

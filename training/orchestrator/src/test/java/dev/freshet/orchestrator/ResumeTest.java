package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.metrics.MetricsReader;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.JournaledRollout;
import dev.freshet.rollouts.JournaledRun;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.RunJournal;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.rollouts.UpdateEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an orchestrator leaves to a later process of its run, and how that resumes it. A copy of the
 * run's directory, made while its streams are held, is what a killed process leaves.
 */
@Timeout(180)
class ResumeTest {
  static final int STEPS = 4;
  private static final int END = 9;
  private static final Set<String> TIMES =
      Set.of("time", "dur_ms", "wait_ms", "role_time", "rollouts_in", "servers");

  @TempDir Path dir;

  /**
   * @param version the policy version at which the first process is killed
   * @param turn the turn in which its streams are then
   * @param tokens how many of the turn's tokens have arrived
   */
  @ParameterizedTest
  @CsvSource({"0, 0, 0", "0, 0, 3", "1, 1, 2", "3, 1, 1"})
  void aRunThatIsKilledGoesOnAsIfItHadNotBeen(long version, int turn, int tokens) throws Exception {
    Path whole = runToTheEnd("whole", NumberTurns.two(0));
    Path killed = dir.resolve("killed");
    List<int[]> held = runUntil(killed, version, turn, tokens);
    Path resumed = dir.resolve("resumed");
    copy(killed, resumed);

    List<int[]> prompts = finish(resumed, NumberTurns.two(0));

    for (int step = 1; step <= STEPS; step++) {
      assertThat(batch(resumed, step))
          .as("batch %d", step)
          .hasSameBinaryContentAs(batch(whole, step));
    }
    assertThat(lines(resumed, "step")).isEqualTo(lines(whole, "step"));
    assertThat(lines(resumed, "eval")).isEqualTo(lines(whole, "eval"));
    // What was generated is part of a prompt now; no turn that had tokens begins again.
    assertThat(held).isNotEmpty();
    for (int[] before : held) {
      assertThat(prompts)
          .as("the continuation of %s", Arrays.toString(before))
          .anyMatch(prompt -> prompt.length == before.length + tokens && begins(prompt, before));
    }
  }

  @Test
  void theUpdateLogGoesOnSoThatItKnowsEveryVersionOfTheBatches() throws Exception {
    Path killed = dir.resolve("killed");
    runUntil(killed, 2, 0, 1);
    Path updates = killed.resolve("rollouts/updates.jsonl");
    List<UpdateEvent> before = events(killed);
    Path resumed = dir.resolve("resumed");
    copy(killed, resumed);
    Files.writeString(
        resumed.resolve("rollouts/updates.jsonl"),
        Files.readString(updates) + "{\"version\":2,\"ev");

    finish(resumed, NumberTurns.two(0));

    assertThat(events(resumed)).startsWith(before.toArray(UpdateEvent[]::new));
    assertThat(events(resumed).get(before.size())).isEqualTo(UpdateEvent.served(2));
    assertThat(events(resumed)).endsWith(UpdateEvent.served(STEPS));
  }

  @Test
  void aTurnAfterAnotherObservationBeginsAgainAndTheTurnBeforeItStays() throws Exception {
    Path killed = dir.resolve("killed");
    List<int[]> held = runUntil(killed, 1, 1, 2);
    Path resumed = dir.resolve("resumed");
    copy(killed, resumed);

    List<int[]> prompts = finish(resumed, NumberTurns.two(1));

    assertThat(prompts).noneMatch(prompt -> held.stream().anyMatch(h -> begins(prompt, h)));
    for (int[] before : held) {
      int firstTurn = before.length - 2; // The environment says two tokens.
      assertThat(prompts)
          .anyMatch(
              prompt ->
                  prompt.length == before.length
                      && begins(prompt, Arrays.copyOf(before, firstTurn))
                      && prompt[firstTurn + 1] != before[firstTurn + 1]);
    }
  }

  @ParameterizedTest
  @CsvSource({"taken, false, false", "taken, true, false", "taken, true, true"})
  void aBatchThatWasChosenIsHandedOverOnceWithOneLine(
      String last, boolean written, boolean reported) throws Exception {
    Path whole = runToTheEnd("whole", NumberTurns.two(0));
    Path killed = dir.resolve("killed");
    copy(whole, killed);
    cutJournalAfter(killed, "\"record\":\"" + last + "\",\"step\":" + STEPS);
    deleteTree(killed.resolve("weights/step_" + STEPS));
    if (!written) {
      Files.delete(batch(killed, STEPS));
    }
    Path metrics = killed.resolve("metrics/orchestrator.jsonl");
    List<String> lines = new ArrayList<>(Files.readAllLines(metrics));
    lines.removeIf(line -> isOf(line, "run", "") || isOf(line, "eval", "\"step\":" + STEPS));
    if (!reported) {
      lines.removeIf(line -> isOf(line, "step", "\"step\":" + STEPS + ","));
    }
    Files.write(metrics, lines);

    finish(killed, NumberTurns.two(0));

    assertThat(batch(killed, STEPS)).hasSameBinaryContentAs(batch(whole, STEPS));
    assertThat(lines(killed, "step")).isEqualTo(lines(whole, "step"));
  }

  @Test
  void aGroupOfAnEnvironmentThatTheRunDoesNotHaveIsNamed() throws Exception {
    Path killed = dir.resolve("killed");
    runUntil(killed, 0, 0, 1);
    Path resumed = dir.resolve("resumed");
    copy(killed, resumed);
    try (TestServer server = new TestServer(ResumeTest::drawn);
        TestRun run =
            new TestRun(resumed, config(server), new NumbersFormat(), NumberTurns.three())) {
      run.start();

      assertThatThrownBy(run::report)
          .hasCauseInstanceOf(OrchestratorException.class)
          .hasMessageContaining("environment two-turns: expected one of [three-turns]");
    }
  }

  /** Tokens that follow from the seed, which counts them, as in Freshet's engine. */
  static int[] drawn(int[] prompt, long seed, long version) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Integer> answer = new ArrayList<>();
    while (answer.isEmpty() || answer.getLast() != END) {
      double uniform = random.nextDouble();
      answer.add(uniform < 0.15 ? END : 10 + (int) (uniform * (40 + version)));
    }
    return answer.stream().mapToInt(Integer::intValue).toArray();
  }

  static TestConfig config(TestServer server) {
    TestConfig config = TestConfig.of(0, STEPS, server);
    config.filterZeroAdvantage = true;
    return config;
  }

  private Path runToTheEnd(String name, NumberTurns environment) throws Exception {
    Path run = Files.createDirectory(dir.resolve(name));
    finish(run, environment);
    return run;
  }

  /** Runs or resumes to the end. Returns the prompts that the server got. */
  static List<int[]> finish(Path run, NumberTurns environment) throws Exception {
    try (TestServer server = new TestServer(ResumeTest::drawn);
        TestRun test = new TestRun(run, config(server), new NumbersFormat(), environment);
        TestTrainer _ = test.trainer(STEPS, batch -> {})) {
      test.start();
      assertThat(test.report().finished()).isTrue();
      for (int step = 1; step <= STEPS; step++) {
        for (Rollout rollout : test.batches.read(step).rollouts()) {
          assertThat(rollout.trajectory().policyVersions())
              .containsOnly(Trajectory.NO_VERSION, step - 1);
        }
      }
      return List.copyOf(server.prompts);
    }
  }

  /**
   * Leaves in {@code killed} what a process leaves that is killed at a policy version, when all
   * streams of a turn are held after some tokens. Returns the prompts of those streams.
   */
  private List<int[]> runUntil(Path killed, long version, int turn, int tokens) throws Exception {
    Path running = Files.createDirectory(dir.resolve("running"));
    CountDownLatch copied = new CountDownLatch(1);
    AtomicInteger holding = new AtomicInteger();
    try (TestServer server = new TestServer(ResumeTest::drawn);
        TestRun run =
            new TestRun(running, config(server), new NumbersFormat(), NumberTurns.two(0));
        TestTrainer _ = run.trainer(STEPS, batch -> {})) {
      server.tokenGate =
          (prompt, index) -> {
            boolean training = !run.progress.isEmpty() && run.journaled() > 0;
            if (training
                && server.version == version
                && turnOf(prompt) == turn
                && index == tokens) {
              holding.incrementAndGet();
              assertThat(copied.await(60, TimeUnit.SECONDS)).isTrue();
            }
          };
      run.start();
      TestRun.await("streams with some tokens", () -> holding.get() > 0);
      TestRun.await("the journal to have them", () -> !streams(running, turn, tokens).isEmpty());
      copy(running, killed);
      copied.countDown();
      run.orchestrator.stop();
    }
    return streams(killed, turn, tokens);
  }

  /** The prompts of the streams of a turn that have some tokens according to a run's journal. */
  static List<int[]> streams(Path run, int turn, int tokens) {
    List<int[]> prompts = new ArrayList<>();
    try (RunJournal journal = RunJournal.resume(copyOfJournal(run), Map.of())) {
      for (JournaledRun.Group group : journal.earlier().groups()) {
        for (int i = 0; i < 4; i++) {
          JournaledRollout rollout = group.rollout(i);
          if (rollout.turns().size() == turn + 1
              && rollout.turns().getLast().finishReason().isEmpty()
              && rollout.turns().getLast().length() == tokens) {
            int[] all = rollout.trajectory().tokenIds();
            prompts.add(Arrays.copyOf(all, all.length - tokens));
          }
        }
      }
    }
    return prompts;
  }

  /** The run may still write its own. */
  private static Path copyOfJournal(Path run) {
    try {
      return Files.copy(
          run.resolve("journal.jsonl"),
          run.resolveSibling(run.getFileName() + ".journal.jsonl"),
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The environment says 7 before the second turn. */
  static int turnOf(int[] prompt) {
    return Arrays.stream(prompt).anyMatch(token -> token == 7) ? 1 : 0;
  }

  static boolean begins(int[] prompt, int[] with) {
    return prompt.length >= with.length && Arrays.equals(Arrays.copyOf(prompt, with.length), with);
  }

  static Path batch(Path run, int step) {
    return run.resolve("rollouts/step_%d.jsonl".formatted(step));
  }

  private static List<UpdateEvent> events(Path run) {
    return new BatchStore(run.resolve("rollouts")).updates().read().orElseThrow();
  }

  /** The lines of a kind without what takes time. */
  static List<JsonNode> lines(Path run, String kind) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    new MetricsReader(run).read(lines::add);
    List<JsonNode> ofKind =
        lines.stream().filter(line -> line.path("kind").asString().equals(kind)).toList();
    ofKind.forEach(line -> ((ObjectNode) line).remove(TIMES));
    return ofKind;
  }

  static boolean isOf(String line, String kind, String text) {
    return line.contains("\"kind\":\"%s\",".formatted(kind)) && line.contains(text);
  }

  static void cutJournalAfter(Path run, String text) throws IOException {
    Path journal = run.resolve("journal.jsonl");
    List<String> lines = Files.readAllLines(journal);
    int last = 0;
    while (!lines.get(last).contains(text)) {
      last++;
    }
    Files.write(journal, lines.subList(0, last + 1));
  }

  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  static void deleteTree(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}

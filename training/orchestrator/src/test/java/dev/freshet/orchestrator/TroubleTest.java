package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.environments.ReverseText;
import dev.freshet.fleet.FleetException;
import dev.freshet.rollouts.Rollout;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.waits.Waits;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs whose servers, trainer or checkpoints fail. */
class TroubleTest {
  @TempDir Path dir;
  private Tokenizer tokenizer;
  private ReverseText environment;

  @BeforeEach
  void open() throws IOException {
    tokenizer = TestRun.tokenizer(dir);
    environment = TestRun.reverseText();
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @ParameterizedTest
  @EnumSource(
      value = TestServer.Fate.class,
      names = {"HTTP_500", "CUT_OFF", "ABORTED", "INFINITE_LOGPROB"})
  void rolloutsThatFailOnOneServerSucceedOnAnother(TestServer.Fate fate) throws Exception {
    try (TestServer bad = new TestServer(TestRun::reverser);
        TestServer good = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 4, bad, good), tokenizer, environment);
        TestTrainer trainer = run.trainer(4, batch -> {})) {
      bad.gate = prompt -> fate;
      run.start();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isTrue();
      assertThat(bad.prompts).isNotEmpty();
      assertThat(trainer.batches).hasSize(4);
      assertThat(report.groups().failed()).isZero();
    }
  }

  @Test
  void aServerThatDiesIsQuarantinedByTheNextUpdateAndTheOthersTakeItsRollouts() throws Exception {
    try (TestServer dying = new TestServer(TestRun::reverser);
        TestServer other = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 6, dying, other), tokenizer, environment);
        TestTrainer trainer =
            run.trainer(
                6,
                batch -> {
                  if (batch.step() == 2) {
                    dying.close();
                  }
                })) {
      run.start();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isTrue();
      assertThat(other.version).isEqualTo(6);
      assertThat(dying.version).isLessThan(2);
      assertThat(trainer.batches).hasSize(6);
    }
  }

  @Test
  void rolloutsOfAServerThatRestartedOnOldWeightsAreRepeatedOnAnotherAndNeverTrainedOn()
      throws Exception {
    AtomicInteger old = new AtomicInteger();
    try (TestServer restarted = new TestServer(TestRun::reverser);
        TestServer other = new TestServer(TestRun::reverser);
        TestRun run =
            new TestRun(dir, TestConfig.of(0, 5, restarted, other), tokenizer, environment);
        TestTrainer trainer = run.trainer(5, batch -> {})) {
      restarted.gate =
          prompt -> {
            if (restarted.version == 2) {
              restarted.version = 0;
            }
            if (restarted.version == 0 && other.version == 2) {
              old.incrementAndGet();
            }
            return TestServer.Fate.WELL;
          };
      run.start();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isTrue();
      assertThat(report.groups().failed()).isZero();
      assertThat(old).hasPositiveValue();
      assertThat(trainer.batches).hasSize(5);
      assertThat(trainer.batches.stream().flatMap(b -> b.rollouts().stream()))
          .allSatisfy(
              rollout ->
                  assertThat(
                          Arrays.stream(rollout.trajectory().policyVersions()).filter(v -> v >= 0))
                      .isSorted()
                      .allMatch(version -> version >= rollout.dispatchVersion()));
    }
  }

  @Test
  void aServerThatRefusesWeightsWhichAnotherTakesReceivesNoRolloutAgain() throws Exception {
    AtomicInteger promptsWhenRefused = new AtomicInteger(-1);
    try (TestServer refusing = new TestServer(TestRun::reverser);
        TestServer other = new TestServer(TestRun::reverser);
        TestRun run =
            new TestRun(dir, TestConfig.of(0, 5, refusing, other), tokenizer, environment);
        TestTrainer trainer = run.trainer(5, batch -> {})) {
      refusing.updateGate =
          post -> {
            promptsWhenRefused.set(refusing.prompts.size());
            return 409;
          };
      run.start();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isTrue();
      assertThat(refusing.prompts).hasSize(promptsWhenRefused.get());
      assertThat(trainer.batches.getLast().rollouts())
          .allSatisfy(r -> assertThat(r.dispatchVersion()).isEqualTo(4));
      assertThat(run.metrics("update"))
          .anyMatch(update -> update.path("status").asString().equals("refused"));
    }
  }

  @Test
  void anUpdateThatFailsIsRetriedUnderTheSameTraceId() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 2, server), tokenizer, environment);
        TestTrainer trainer = run.trainer(2, batch -> {})) {
      AtomicInteger posts = new AtomicInteger();
      server.updateGate = post -> List.of(503, 0, 200).get(Math.min(2, posts.getAndIncrement()));
      run.start();

      assertThat(run.report().finished()).isTrue();
      assertThat(trainer.batches).hasSize(2);
      String trace = server.updatePosts.getFirst().trace();
      assertThat(server.updatePosts.subList(0, 3))
          .extracting(TestServer.UpdatePost::trace)
          .containsOnly(trace);
      assertThat(server.updatePosts.stream().skip(3)).noneMatch(p -> p.trace().equals(trace));
    }
  }

  @Test
  void whenEveryServerRefusesTheWeightsTheVersionStaysAndTheRunContinues() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 4, server), tokenizer, environment);
        TestTrainer trainer = run.trainer(4, batch -> {})) {
      server.updateGate = post -> post.step() == 2 ? 409 : 200;
      run.start();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isTrue();
      assertThat(run.metrics("update"))
          .filteredOn(line -> line.path("status").asString().equals("ok"))
          .extracting(line -> line.path("step").asLong())
          .doesNotContain(2L);
      assertThat(trainer.batches.stream().flatMap(b -> b.rollouts().stream()))
          .extracting(Rollout::dispatchVersion)
          .doesNotContain(2);
    }
  }

  @Test
  void anIncompleteCheckpointIsSkippedBeforeAnyServerIsAsked() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 3, server), tokenizer, environment)) {
      run.start();
      run.batches.await(2, Duration.ofSeconds(30));
      Path beside = dir.resolve("beside");
      TestTrainer.publish(new CheckpointStore(beside), 1);
      Path broken = beside.resolve("step_1");
      Path file = broken.resolve("model.safetensors");
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
      Files.createDirectories(run.weightsDir);
      Files.move(broken, run.weightsDir.resolve("step_1"));
      TestRun.await(
          "the wait", () -> run.lines.stream().anyMatch(l -> l.startsWith("[ckpt] wait.done")));
      TestTrainer.publish(run.weights, 2);
      run.batches.await(3, Duration.ofSeconds(30));
      TestTrainer.publish(run.weights, 3);

      assertThat(run.report().finished()).isTrue();
      assertThat(server.updatePosts)
          .extracting(TestServer.UpdatePost::step)
          .containsExactly(2L, 3L);
    }
  }

  @Test
  void refusedWeightsThatNoOthersCanFollowEndTheRun() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(0, 4, server), tokenizer, environment);
        TestTrainer trainer = run.trainer(4, batch -> {})) {
      server.updateGate = post -> 409;
      run.start();

      assertThatThrownBy(run::report)
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(OrchestratorException.class)
          .hasMessageContaining("no weights newer than version 0 can come")
          .hasMessageContaining("step_1 was refused")
          .message()
          .hasLineCount(1);
      assertThat(trainer.batches).hasSize(1);
    }
  }

  @Test
  void aRunWhoseOnlyServerFailsEveryUpdateEndsWithAnErrorOfOneLine() throws Exception {
    TestServer server = new TestServer(TestRun::reverser);
    TestConfig config = TestConfig.of(1, 4, server);
    config.recoveryDeadlineS = 1;
    try (server;
        TestRun run = new TestRun(dir, config, tokenizer, environment);
        TestTrainer trainer = run.trainer(4, batch -> {})) {
      server.updateGate = post -> 500;
      run.start();

      assertThatThrownBy(run::report)
          .cause()
          .isInstanceOf(OrchestratorException.class)
          .hasMessageContaining("no update has succeeded for 1 s")
          .hasMessageContaining("HTTP 500")
          .message()
          .hasLineCount(1);
      assertThat(server.version).isZero();
      assertThat(trainer.batches).isNotEmpty();
    }
  }

  @Test
  void aPipelineThatNeedsPublishedWeightsWaitsForItsServersNotForTheTrainer() throws Exception {
    TestServer server = new TestServer(TestRun::reverser);
    try (server;
        TestRun run = new TestRun(dir, TestConfig.of(0, 2, server), tokenizer, environment);
        TestTrainer _ = run.trainer(2, batch -> {})) {
      server.updateGate = post -> 500;
      run.start();
      TestRun.await(
          "a wait for the server",
          () ->
              Waits.open().stream()
                  .anyMatch(
                      wait ->
                          wait.on().equals("inference")
                              && wait.what()
                                  .equals("weights newer than version 0, which are published")));
      server.updateGate = TestServer.TAKE;

      assertThat(run.report().finished()).isTrue();
    }
  }

  @Test
  void aServerThatIsRestartedIsCaughtUpBesideTheRunAndReceivesRolloutsAgain() throws Exception {
    CountDownLatch caughtUp = new CountDownLatch(1);
    try (TestServer restarted = new TestServer(TestRun::reverser);
        TestServer other = new TestServer(TestRun::reverser);
        TestRun run =
            new TestRun(dir, TestConfig.of(1, 4, restarted, other), tokenizer, environment);
        TestTrainer trainer =
            run.trainer(
                4,
                batch -> {
                  if (batch.step() == 3) {
                    TestRun.await(
                        "the update before",
                        () -> run.orchestrator.replicas().getFirst().version() == 2);
                    restarted.version = 0;
                    TestRun.await(
                        "the catch-up",
                        () ->
                            run.orchestrator.replicas().getFirst().incarnation() > 1
                                && restarted.version > 0);
                    caughtUp.countDown();
                  }
                })) {
      run.start();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isTrue();
      assertThat(caughtUp.getCount()).isZero();
      assertThat(trainer.batches).hasSize(4);
    }
  }

  @Test
  void aTrainerThatPublishesNothingIsNamedAfterItsDeadline() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, impatient(server), tokenizer, environment)) {
      run.start();

      assertThatThrownBy(run::report)
          .cause()
          .isInstanceOf(OrchestratorException.class)
          .hasMessageContaining("no weights newer than version 0 for 1 s, since ")
          .hasMessageContaining("step_1, published; the trainer has 2 batches");
      assertThat(run.lines).anyMatch(line -> line.equals("[ckpt] wait.start target_step=1"));
    }
  }

  @Test
  void badRequestsEndTheRunOncePermittedShareOfFailedRolloutsIsExceeded() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, failingEarly(server), tokenizer, environment)) {
      AtomicInteger evaluated = new AtomicInteger();
      server.gate =
          prompt ->
              evaluated.incrementAndGet() <= 8 ? TestServer.Fate.WELL : TestServer.Fate.HTTP_400;
      run.start();

      assertThatThrownBy(run::report)
          .cause()
          .isInstanceOf(OrchestratorException.class)
          .hasMessageContaining("16 of the last 16 rollouts failed (server 16)")
          .hasMessageContaining("expected at most orchestrator.max_failed_share = 0.5 of them")
          .hasMessageContaining("HTTP 400");
    }
  }

  @Test
  void aServerThatServesAnotherVersionAtTheStartReloadsItsBaseModel() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 1, server), tokenizer, environment);
        TestTrainer trainer = run.trainer(1, batch -> {})) {
      server.version = 17;
      run.start();

      assertThat(run.report().finished()).isTrue();
      assertThat(server.reloads).hasValue(1);
      assertThat(trainer.batches.getFirst().rollouts())
          .allSatisfy(r -> assertThat(r.trajectory().policyVersions()).doesNotContain(17));
    }
  }

  @Test
  void weightsOfAnEarlierRunAreRefused() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 1, server), tokenizer, environment)) {
      TestTrainer.publish(run.weights, 9);
      run.start();

      assertThatThrownBy(run::report)
          .cause()
          .hasMessageContaining("step_9 exists")
          .hasMessageContaining("expected a run directory without weights of an earlier run");
    }
  }

  @Test
  void aStopEndsRolloutsAnUpdateAndAllThreads() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 4, server), tokenizer, environment);
        TestTrainer trainer = run.trainer(4, batch -> {})) {
      CountDownLatch updating = new CountDownLatch(1);
      server.updateGate =
          post -> {
            updating.countDown();
            never.await();
            return 200;
          };
      run.start();
      assertThat(updating.await(30, TimeUnit.SECONDS)).isTrue();
      server.gate =
          prompt -> {
            never.await();
            return TestServer.Fate.WELL;
          };
      run.orchestrator.stop();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isFalse();
      assertThat(report.rewardEnd()).isEmpty();
      assertThat(report.groups().inFlight()).isZero();
      assertThat(trainer.batches).isNotEmpty();
      TestRun.await(
          "the end of its threads", // An event loop has ended a moment before its thread has.
          () ->
              Thread.getAllStackTraces().keySet().stream()
                  .noneMatch(thread -> thread.getName().startsWith("freshet-")));
      never.countDown();
    }
  }

  @Test
  void aStopWhileWaitingForAServerEndsTheRun() throws Exception {
    TestServer server = new TestServer(TestRun::reverser);
    server.close();
    try (TestRun run = new TestRun(dir, TestConfig.of(1, 4, server), tokenizer, environment)) {
      run.start();
      run.orchestrator.stop();

      assertThat(run.report().finished()).isFalse();
    }
  }

  @Test
  void aServerThatNeverBecomesHealthyIsNamedAtTheStart() throws Exception {
    TestServer server = new TestServer(TestRun::reverser);
    server.close();
    try (TestRun run = new TestRun(dir, TestConfig.of(1, 4, server), tokenizer, environment)) {
      run.start();

      assertThatThrownBy(run::report)
          .cause()
          .isInstanceOf(OrchestratorException.class)
          .hasCauseInstanceOf(FleetException.class)
          .hasMessageContaining("server " + server.address().admin())
          .hasMessageContaining("not healthy within 5 s");
    }
  }

  private static TestConfig failingEarly(TestServer server) {
    TestConfig config = TestConfig.of(1, 4, server);
    config.episodes = new EpisodeConfig(32, 60, 60, 4, 0.5, 16);
    return config;
  }

  private static TestConfig impatient(TestServer server) {
    TestConfig config = new TestConfig(server);
    config.trainerDeadlineS = 1;
    return config;
  }
}

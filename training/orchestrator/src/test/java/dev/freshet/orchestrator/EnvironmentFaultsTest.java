package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.environments.Answer;
import dev.freshet.environments.Episode;
import dev.freshet.environments.Message;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.environments.Step;
import dev.freshet.environments.TurnEnvironment;
import dev.freshet.orchestrator.FaultyEnvironment.Fault;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Runs whose environment fails: a failed rollout is left out, too many of them end the run. */
@Timeout(120)
class EnvironmentFaultsTest {
  @TempDir Path dir;

  @ParameterizedTest
  @EnumSource(Fault.class)
  void rolloutsThatTheEnvironmentFailsAreCountedByReasonAndLeftOut(Fault fault) throws Exception {
    FaultyEnvironment environment = new FaultyEnvironment(fault, 4);
    try (TestServer server = server();
        TestRun run = new TestRun(dir, config(server), new NumbersFormat(), environment);
        TestTrainer trainer = run.trainer(3, batch -> {})) {
      run.start();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isTrue();
      assertThat(trainer.batches).hasSize(3);
      for (TrainingBatch batch : trainer.batches) {
        assertThat(batch.rollouts()).hasSizeBetween(4, 8);
        assertThat(batch.rollouts().stream().mapToDouble(Rollout::reward))
            .allMatch(reward -> reward == 0 || reward == 1);
      }
      assertThat(
              run.figure(
                  "freshet_rollouts_failed_total{environment=\"faulty\",reason=\"%s\"}"
                      .formatted(fault.reason.wireName())))
          .isPositive();
      // Turns that never end hold the threads that closes need.
      if (fault != Fault.TURN_HANGS_AND_IGNORES_INTERRUPTS) {
        TestRun.await("all episodes are closed", () -> environment.open.get() == 0);
      }
    } finally {
      environment.end.countDown();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"TURN_THROWS", "REWARD_IS_NAN", "START_THROWS"})
  void anEnvironmentThatFailsTooOftenEndsTheRunWithOneLine(Fault fault) throws Exception {
    try (TestServer server = server();
        TestRun run =
            new TestRun(
                dir, config(server), new NumbersFormat(), new FaultyEnvironment(fault, 1))) {
      run.start();

      assertThatThrownBy(run::report)
          .cause()
          .isInstanceOf(OrchestratorException.class)
          .hasMessageContaining(
              "24 of the last 24 rollouts failed (%s 24)".formatted(fault.reason.wireName()))
          .hasMessageContaining("environment faulty, problem ")
          .message()
          .hasLineCount(1);
    }
  }

  @Test
  void anEnvironmentThatGivesNoProblemsEndsTheRunWithOneLine() throws Exception {
    TurnEnvironment environment = new WithoutProblems();
    try (TestServer server = server();
        TestRun run = new TestRun(dir, config(server), new NumbersFormat(), environment)) {
      run.start();

      assertThatThrownBy(run::report)
          .cause()
          .isInstanceOf(OrchestratorException.class)
          .hasMessageContaining("24 of the last 24 rollouts failed (environment 24)")
          .hasMessageContaining(
              "environment empty: problem 5 of the set TRAIN: IllegalStateException: no problems");
    }
  }

  @Test
  void noMoreEpisodesAreOpenThanTheEnvironmentPermitsAlsoWhileOneIsEvaluated() throws Exception {
    FaultyEnvironment environment = new FaultyEnvironment(Fault.TURN_THROWS, 10);
    environment.maxEpisodes = 2;
    try (TestServer server = server()) {
      TestConfig config = config(server);
      config.evalProblems = 8;
      config.evalEvery = 1;
      try (TestRun run = new TestRun(dir, config, new NumbersFormat(), environment);
          TestTrainer trainer = run.trainer(3, batch -> {})) {
        run.start();

        assertThat(run.report().finished()).isTrue();
        assertThat(trainer.batches).hasSize(3);
        assertThat(environment.mostOpen).hasValueBetween(1, 2);
      }
    }
  }

  /** By the limit of turns, and by that of tokens. */
  @ParameterizedTest
  @CsvSource({"5, 7, 5", "32, 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7, 3"})
  void anEpisodeThatNeverEndsIsCutOffByALimitAndScored(int most, String observation, int turns)
      throws Exception {
    try (TestServer server = server();
        TestRun run = run(withTurns(most), server, observation);
        TestTrainer trainer = run.trainer(1, batch -> {})) {
      run.start();

      assertThat(run.report().finished()).isTrue();
      assertThat(trainer.batches.getFirst().rollouts())
          .allSatisfy(
              rollout -> {
                assertThat(rollout.turns()).isEqualTo(turns);
                assertThat(rollout.reward()).isEqualTo(0.25);
                assertThat(rollout.finishReason()).isEqualTo("length");
              });
      assertThat(server.prompts).allMatch(prompt -> prompt.length < TestRun.MOST_TOKENS);
    }
  }

  @Test
  void severalEnvironmentsTrainInOneRunAndEachIsEvaluatedWithItsPassAtK() throws Exception {
    try (TestServer server = server()) {
      TestConfig config = TestConfig.of(1, 4, server);
      config.evalSamples = 3;
      FaultyEnvironment halves = new FaultyEnvironment(Fault.START_THROWS, 1_000_000);
      try (TestRun run =
              new TestRun(dir, config, new NumbersFormat(), NumberTurns.three(), halves);
          TestTrainer trainer = run.trainer(4, batch -> {})) {
        run.start();

        assertThat(run.report().finished()).isTrue();
        assertThat(trainer.batches.stream().flatMap(batch -> batch.rollouts().stream()))
            .extracting(Rollout::environment)
            .contains("three-turns", "faulty");
        JsonNode last = run.metrics("eval").getLast();
        assertThat(last.path("samples").asInt()).isEqualTo(3);
        JsonNode three = last.path("environments").path("three-turns");
        assertThat(three.path("average").asDouble()).isEqualTo(3);
        assertThat(three.path("pass_k").asDouble()).isEqualTo(1);
        assertThat(three.path("metrics").path("turns_taken").asDouble()).isEqualTo(3);
        JsonNode faulty = last.path("environments").path("faulty");
        assertThat(faulty.path("problems").asInt()).isEqualTo(8);
        assertThat(faulty.path("pass_1").asDouble())
            .isEqualTo(faulty.path("average").asDouble())
            .isLessThanOrEqualTo(faulty.path("pass_k").asDouble());
        assertThat(run.figure("freshet_evaluation_pass_ratio{environment=\"three-turns\"}"))
            .isEqualTo(1);
        assertThat(run.figure("freshet_evaluation_average_reward{environment=\"faulty\"}"))
            .isEqualTo(faulty.path("average").asDouble());
      }
    }
  }

  @Test
  void episodesThatDoNotEndWithinTheirDeadlineFail() throws Exception {
    TestConfig config = withTurns(1_000);
    config.episodes = new EpisodeConfig(1_000, 60, 1, 4, 0.5, 8);
    CountDownLatch never = new CountDownLatch(1);
    try (TestServer server = server();
        TestRun run = run(config, server, "7")) {
      server.gate =
          prompt -> {
            boolean _ = never.await(300, TimeUnit.MILLISECONDS);
            return TestServer.Fate.WELL;
          };
      run.start();

      assertThatThrownBy(run::report)
          .cause()
          .isInstanceOf(OrchestratorException.class)
          .hasMessageContaining("8 of the last 8 rollouts failed (deadline 8)");
    }
  }

  private TestRun run(TestConfig config, TestServer server, String observation) throws IOException {
    config.servers = List.of(server.address());
    return new TestRun(dir, config, new NumbersFormat(), new Endless(observation));
  }

  private static TestConfig withTurns(int most) {
    TestConfig config = new TestConfig();
    config.steps = 1;
    config.evalProblems = 0;
    config.episodes = new EpisodeConfig(most, 60, 60, 4, 0.5, 24);
    return config;
  }

  private static TestConfig config(TestServer server) {
    TestConfig config = TestConfig.of(1, 3, server);
    config.evalProblems = 0;
    config.episodes = new EpisodeConfig(32, 1, 60, 4, 0.5, 24);
    return config;
  }

  private static TestServer server() throws IOException {
    return new TestServer((prompt, seed, version) -> new int[] {50 + prompt.length, 9});
  }

  /** Has no problems. */
  private static final class WithoutProblems implements TurnEnvironment {
    @Override
    public String name() {
      return "empty";
    }

    @Override
    public Problem problem(Split split, long index) {
      throw new IllegalStateException("no problems");
    }

    @Override
    public Episode start(Problem problem) {
      throw new IllegalStateException("never called");
    }
  }

  /** Answers every turn with the same tokens. */
  private record Endless(String observation) implements TurnEnvironment {
    @Override
    public String name() {
      return "endless";
    }

    @Override
    public Problem problem(Split split, long index) {
      return new Problem(split, index, "endless");
    }

    @Override
    public Episode start(Problem problem) {
      return new Episode() {
        @Override
        public List<Message> begin() {
          return List.of(Message.user("1 2"));
        }

        @Override
        public Step next(Answer answer) {
          return Step.Next.user(observation);
        }

        @Override
        public Step.End cutOff() {
          return new Step.End(0.25, Map.of());
        }
      };
    }
  }
}

package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.orchestrator.AskingEnvironment.Fault;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Runs on an environment whose program asks the servers itself. */
@Timeout(120)
class SelfDrivenRolloutsTest {
  @TempDir Path dir;

  @Test
  void theTokensThatTheProgramReportsAreTrainedOnWithSynthesisedVersions() throws Exception {
    try (TestServer server = server();
        AskingEnvironment environment = new AskingEnvironment(Fault.NEVER_ENDS, 1_000_000);
        TestRun run = new TestRun(dir, config(server), new NumbersFormat(), environment);
        TestTrainer trainer = run.trainer(2, batch -> {})) {
      run.start();

      assertThat(run.report().finished()).isTrue();
      assertThat(trainer.batches).hasSize(2);
      for (TrainingBatch batch : trainer.batches) {
        List<Rollout> attempts =
            batch.rollouts().stream().filter(rollout -> !rollout.id().contains(".")).toList();
        assertThat(attempts).hasSize(8);
        for (Rollout rollout : attempts) {
          Trajectory trajectory = rollout.trajectory();
          assertThat(trajectory.tokenIds()).startsWith(5, 6, 7).hasSize(7);
          assertThat(trajectory.generatedCount()).isEqualTo(4);
          assertThat(trajectory.synthesisedCount()).isEqualTo(4);
          assertThat(trajectory.policyVersions()[6])
              .isBetween(rollout.dispatchVersion(), Math.toIntExact(batch.step() - 1));
          assertThat(rollout.reward()).isEqualTo(trajectory.tokenIds()[3] % 2 == 0 ? 1 : 0);
        }
      }
      assertThat(run.metrics("step").getFirst().at("/environments/asking/metrics/branches"))
          .hasToString("2.0");
      TestRun.await("all episodes are closed", () -> environment.open.get() == 0);
    }
  }

  @Test
  void everyBranchOfAnEpisodeHasTheRewardAndTheAdvantageOfTheEpisode() throws Exception {
    try (TestServer server = server();
        AskingEnvironment environment = new AskingEnvironment(Fault.NEVER_ENDS, 1_000_000);
        TestRun run = new TestRun(dir, config(server), new NumbersFormat(), environment);
        TestTrainer trainer = run.trainer(2, batch -> {})) {
      run.start();

      assertThat(run.report().finished()).isTrue();
      assertThat(run.report().generatedTokens()).isGreaterThanOrEqualTo(2 * 8 * 5);
      List<Rollout> rollouts = trainer.batches.getFirst().rollouts();
      for (int i = 0; i < 16; i += 2) {
        Rollout longest = rollouts.get(i);
        Rollout other = rollouts.get(i + 1);
        assertThat(other.id()).isEqualTo(longest.id() + ".1");
        assertThat(other.groupId()).isEqualTo(longest.groupId());
        assertThat(other.reward()).isEqualTo(longest.reward());
        assertThat(other.advantage()).isEqualTo(longest.advantage());
        assertThat(other.trajectory().generatedCount()).isEqualTo(1);
      }
      JsonNode step = run.metrics("step").getFirst();
      assertThat(step.path("rollouts").asInt()).isEqualTo(8);
      assertThat(step.path("tokens").asInt()).isEqualTo(8 * 5);
      assertThat(step.path("kept_rollouts").asInt()).isEqualTo(16);
    }
  }

  @Test
  void theRewardsOfEachAgentOfAnEpisodeAreComparedWithEachOther() throws Exception {
    try (TestServer server = server();
        AskingEnvironment environment = new AskingEnvironment(Fault.NEVER_ENDS, 1_000_000);
        TestRun run = new TestRun(dir, config(server), new NumbersFormat(), environment);
        TestTrainer trainer = run.trainer(2, batch -> {})) {
      environment.twoAgents = true;
      run.start();

      assertThat(run.report().finished()).isTrue();
      for (TrainingBatch batch : trainer.batches) {
        Map<String, Rollout> byId =
            batch.rollouts().stream().collect(Collectors.toMap(Rollout::id, rollout -> rollout));
        List<Rollout> second =
            batch.rollouts().stream().filter(rollout -> rollout.id().endsWith(":2")).toList();
        assertThat(batch.rollouts()).hasSize(3 * 8);
        assertThat(second).hasSize(8);
        for (Rollout rollout : second) {
          Rollout first = Objects.requireNonNull(byId.get(rollout.id().replace(":2", "")));
          assertThat(rollout.groupId()).isEqualTo(first.groupId() + ":second");
          assertThat(rollout.trajectory().generatedCount()).isEqualTo(2);
          assertThat(rollout.reward()).isEqualTo(-first.reward());
          assertThat(rollout.advantage()).isCloseTo(-first.advantage(), within(1e-9));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void episodesThatFailAreCountedByReasonAndLeftOut(Fault fault) throws Exception {
    try (TestServer server = server();
        AskingEnvironment environment = new AskingEnvironment(fault, 4)) {
      TestConfig config = config(server);
      config.episodes = new EpisodeConfig(32, 60, fault == Fault.NEVER_ENDS ? 1 : 60, 4, 0.9, 64);
      try (TestRun run = new TestRun(dir, config, new NumbersFormat(), environment);
          TestTrainer trainer = run.trainer(2, batch -> {})) {
        run.start();

        assertThat(run.report().finished()).isTrue();
        assertThat(trainer.batches).hasSize(2);
        // An attempt that fails because of a server is repeated, which succeeds here.
        if (fault != Fault.POLICY_CALLS_FAIL) {
          assertThat(
                  run.figure(
                      "freshet_rollouts_failed_total{environment=\"asking\",reason=\"%s\"}"
                          .formatted(fault.reason.wireName())))
              .isPositive();
        }
        TestRun.await("all episodes are closed", () -> environment.open.get() == 0);
      }
    }
  }

  @Test
  void aProgramWhoseCallsAlwaysFailEndsTheRunWithTheProgramsWords() throws Exception {
    try (TestServer server = server();
        AskingEnvironment environment = new AskingEnvironment(Fault.POLICY_CALLS_FAIL, 1)) {
      TestConfig config = config(server);
      config.evalProblems = 0;
      config.episodes = new EpisodeConfig(32, 60, 60, 4, 0.5, 8);
      try (TestRun run = new TestRun(dir, config, new NumbersFormat(), environment)) {
        run.start();

        assertThatThrownBy(run::report)
            .cause()
            .hasMessageContaining("8 of the last 8 rollouts failed (server 8)")
            .hasMessageContaining("what was played: 502 Bad Gateway");
      }
    }
  }

  @Test
  void stoppingTheRunClosesEpisodesThatDoNotEnd() throws Exception {
    try (TestServer server = server();
        AskingEnvironment environment = new AskingEnvironment(Fault.NEVER_ENDS, 1)) {
      TestConfig config = config(server);
      config.evalProblems = 0;
      try (TestRun run = new TestRun(dir, config, new NumbersFormat(), environment)) {
        run.start();
        TestRun.await("episodes run", () -> environment.open.get() > 0);
        run.orchestrator.stop();

        assertThat(run.report().finished()).isFalse();
        TestRun.await("all episodes are closed", () -> environment.open.get() == 0);
      }
    }
  }

  private static TestConfig config(TestServer server) {
    TestConfig config = TestConfig.of(1, 2, server);
    config.evalProblems = 2;
    return config;
  }

  private static TestServer server() throws IOException {
    return new TestServer((prompt, seed, version) -> new int[] {(int) (seed % 5), 2, 3, 4});
  }
}

package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigLoader;
import dev.freshet.environments.Environment;
import dev.freshet.environments.EnvironmentConfig;
import dev.freshet.environments.EnvironmentMix;
import dev.freshet.environments.Environments;
import dev.freshet.rollouts.Rollout;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A run with a curriculum over the lengths of strings. */
@Timeout(120)
class CurriculumRunTest {
  @Test
  void groupsThatEndTellTheCurriculumWhichLevelsPass(@TempDir Path dir) throws Exception {
    EnvironmentMix mix =
        Environments.open(
            ConfigLoader.load(
                EnvironmentConfig.class,
                Optional.empty(),
                Map.of(
                    "alphabet",
                    TestRun.ALPHABET,
                    "min_length",
                    "3",
                    "max_length",
                    "5",
                    "curriculum.target",
                    "0.5",
                    "curriculum.pass_reward",
                    "0.9")),
            1);
    try (TestServer server = new TestServer(CurriculumRunTest::shortStringsOnly)) {
      TestConfig config = TestConfig.of(1, 6, server);
      config.evalProblems = 0;
      try (TestRun run =
              new TestRun(
                  dir,
                  config,
                  TestRun.tokenizer(dir),
                  mix.environments().toArray(Environment[]::new));
          TestTrainer trainer = run.trainer(6, batch -> {})) {
        run.start();

        assertThat(run.report().finished()).isTrue();
        assertThat(trainer.batches.getFirst().rollouts())
            .extracting(Rollout::environment)
            .containsOnly("reverse-text");
        JsonNode levels = run.metrics("step").getLast().path("curriculum").path("reverse-text");
        assertThat(levels.propertyNames())
            .containsExactly("3 characters", "4 characters", "5 characters");
        assertThat(levels.at("/3 characters/pass_rate").asDouble()).isGreaterThan(0.5);
        assertThat(levels.at("/5 characters/pass_rate").asDouble()).isLessThan(0.5);
        assertThat(
                run.figure(
                    "freshet_curriculum_pass_ratio{environment=\"reverse-text\",level=\"3 characters\"}"))
            .isGreaterThan(0.5);
        double shares = 0;
        for (JsonNode level : levels) {
          shares += level.path("share").asDouble();
        }
        assertThat(shares).isBetween(0.999, 1.001);
      }
    }
  }

  /** Reverses strings of three letters and gets nothing of longer ones right. */
  private static int[] shortStringsOnly(int[] prompt, long seed, long version) {
    if (prompt.length == 5) {
      return TestRun.reverser(prompt, seed, 7);
    }
    return new int[] {2};
  }
}

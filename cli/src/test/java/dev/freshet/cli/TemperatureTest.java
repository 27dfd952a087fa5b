package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Engine and trainer compute the probability of a token from the same distribution. */
class TemperatureTest {
  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(doubles = {1, 0.7, 1.3})
  void withEqualWeightsTheMismatchIsThatOfRoundingAtEveryTemperature(double temperature)
      throws IOException {
    CommandLineRun run =
        CommandLineRun.of(
            CommandLineRun.small(
                "run",
                dir,
                "--run.steps=3",
                "--sft.steps=20",
                "--orchestrator.async_level=0",
                "--orchestrator.temperature=" + temperature,
                "--inference.dtype=float32",
                "--trainer.precision=float32"));

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    List<Double> mismatch = new ArrayList<>();
    for (String line : Files.readAllLines(dir.resolve("metrics/trainer.jsonl"))) {
      JsonNode fields = new ObjectMapper().readTree(line);
      if (fields.path("kind").asString().equals("train")) {
        mismatch.add(fields.at("/mismatch_kl_by_lag/0").doubleValue());
      }
    }
    assertThat(mismatch).hasSize(3).allSatisfy(kl -> assertThat(kl).isBetween(-1e-6, 1e-6));
    assertThat(Files.readString(dir.resolve("rollouts/step_1.jsonl")))
        .contains("\"temperature\":" + temperature + ",");
  }
}

package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

@Timeout(120)
class BenchTrainTest {
  @TempDir Path dir;

  @Test
  void stepsOfTheMainJobsModelAreMeasured() throws Exception {
    Path json = dir.resolve("train.json");

    CommandLineRun run = train("--threads=2", "--json=" + json);

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("4 sequences of 6 tokens, 2 threads", "Freshet float32");
    JsonNode figures = new ObjectMapper().readTree(Files.readString(json));
    assertThat(figures.path("parameters").asLong()).isGreaterThan(700_000);
    double stepMs = figures.path("step_ms").asDouble();
    assertThat(stepMs).isPositive();
    assertThat(figures.path("tokens_per_s").asDouble() * stepMs / 1e3)
        .isBetween(4 * 5 - 1e-6, 4 * 5 + 1e-6);
    assertThat(figures.path("loss").asDouble()).isBetween(1.0, 10.0);
    assertThat(figures.has("ratio")).isFalse();
  }

  @Test
  void stepsAreTakenInTurnWithThoseOfPyTorchAndComparedWithThem() throws Exception {
    double loss = loss();
    Path json = dir.resolve("train.json");

    CommandLineRun run = train("--torch=" + torchWithLoss(loss), "--json=" + json);

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("PyTorch 9.9 float32", "tokens/s, Freshet over PyTorch: ");
    JsonNode figures = new ObjectMapper().readTree(Files.readString(json));
    assertThat(figures.path("torch_step_ms").asDouble()).isEqualTo(4.0);
    assertThat(figures.path("torch_tokens_per_s").asDouble()).isEqualTo(4 * 5 / 4e-3);
    assertThat(figures.path("ratio").asDouble())
        .isEqualTo(
            figures.path("tokens_per_s").asDouble()
                / figures.path("torch_tokens_per_s").asDouble());
  }

  @Test
  void aPyTorchThatComputesAnotherLossOrEndsFailsTheBenchmark() throws Exception {
    CommandLineRun other = train("--torch=" + torchWithLoss(loss() * 1.1));
    assertThat(other.exitCode()).isEqualTo(1);
    assertThat(other.err()).contains("the loss of step 1 is ", "that of PyTorch ");

    CommandLineRun ended = train("--torch=" + program("echo no module torch >&2; exit 1"));
    assertThat(ended.exitCode()).isEqualTo(1);
    assertThat(ended.err()).contains("PyTorch ended: no module torch");

    CommandLineRun missing = train("--torch=" + dir.resolve("none"));
    assertThat(missing.exitCode()).isEqualTo(1);
    assertThat(missing.err()).contains("--torch: cannot start");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void recomputingActivationsTakesLessMemory() throws Exception {
    double kept = peakMb();
    double recomputed = peakMb("--recompute-activations");

    assertThat(kept - recomputed).isGreaterThan(80);
  }

  /** The peak memory of a process that takes steps on 8,192 tokens at once. */
  private double peakMb(String... options) throws Exception {
    Path json = dir.resolve("peak.json");
    List<String> arguments =
        new ArrayList<>(
            List.of("bench", "train", "--sequences=64", "--tokens=128", "--micro-tokens=8192"));
    arguments.addAll(List.of("--steps=1", "--json=" + json));
    arguments.addAll(List.of(options));
    try (ChildProcess child = ChildProcess.start(dir, arguments.toArray(String[]::new))) {
      assertThat(child.awaitExit()).isZero();
    }
    return new ObjectMapper().readTree(Files.readString(json)).path("peak_mb").asDouble();
  }

  @Test
  void impossibleOptionsAreRejected() {
    assertRejected("--tokens=1", "--tokens 1: expected at least 2");
    assertRejected("--precision=float16", "--precision float16: expected float32 or bfloat16");
    assertRejected("--micro-tokens=5", "--micro-tokens 5: expected at least 22");
  }

  private static void assertRejected(String option, String message) {
    CommandLineRun run = CommandLineRun.of("bench", "train", option);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains(message);
  }

  private static CommandLineRun train(String... options) {
    String[] all = new String[options.length + 5];
    all[0] = "bench";
    all[1] = "train";
    all[2] = "--sequences=4";
    all[3] = "--tokens=6";
    all[4] = "--steps=2";
    System.arraycopy(options, 0, all, 5, options.length);
    return CommandLineRun.of(all);
  }

  private double loss() throws Exception {
    Path json = dir.resolve("loss.json");
    assertThat(train("--json=" + json).exitCode()).isZero();
    return new ObjectMapper().readTree(Files.readString(json)).path("loss").asDouble();
  }

  /** A program that answers as bench/torch-train.py does. */
  private Path torchWithLoss(double loss) throws Exception {
    return program(
        """
        echo '{"torch": "9.9"}'
        while read -r _; do echo '{"loss": %s, "step_ms": 4.0, "cpu_ms": 3.0, "peak_mb": 5.0}'; done
        """
            .formatted(loss));
  }

  private Path program(String shell) throws Exception {
    Path file = Files.createTempFile(dir, "torch", ".sh");
    Files.writeString(file, "#!/bin/sh\n" + shell);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    return file;
  }
}

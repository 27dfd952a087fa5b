package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.metrics.MetricsReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code freshet run} as a process that is killed; {@code bench/kills.sh} kills it more often. */
@Timeout(400)
class ResumeCommandTest {
  private static final int STEPS = 6;
  private static final int KILLS = 2;

  /** About what the journal of the run has in the end. */
  private static final int JOURNAL_BYTES = 150_000;

  /** Figures that tell how long something took, or how much memory. */
  private static final Set<String> MEASURED =
      Set.of(
          "time",
          "dur_ms",
          "wait_ms",
          "step_ms",
          "tokens_per_s",
          "peak_mb",
          "batch_wait_ms",
          "copy_ms",
          "write_ms",
          "role_time",
          "rollouts_in",
          "servers");

  @TempDir Path dir;

  @Test
  void aRunThatIsKilledAndResumedHasTheMetricsAndWeightsOfOneThatIsNot() throws Exception {
    Path whole = Files.createDirectory(dir.resolve("whole"));
    Path killed = Files.createDirectory(dir.resolve("killed"));
    try (ChildProcess run = start(whole)) {
      assertThat(run.awaitEnd()).isZero();
    }
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int kill = 0; kill < KILLS; kill++) {
      try (ChildProcess run = kill == 0 ? start(killed) : resume(killed)) {
        long target = journal(killed) + 1 + random.nextInt(JOURNAL_BYTES / (2 * KILLS));
        run.await("journal of " + target + " bytes", () -> journal(killed) >= target);
        run.signal("KILL");
        run.awaitExit();
      }
    }
    try (ChildProcess run = resume(killed)) {
      assertThat(run.awaitEnd()).isZero();
    }

    for (String kind : List.of("sft", "step", "train", "eval")) {
      assertThat(lines(killed, kind))
          .as("lines of kind %s, seed of the kills %d", kind, seed)
          .isNotEmpty()
          .isEqualTo(lines(whole, kind));
    }
    for (int step = 1; step <= STEPS; step++) {
      String batch = "run/rollouts/step_%d.jsonl".formatted(step);
      assertThat(killed.resolve(batch)).hasSameBinaryContentAs(whole.resolve(batch));
    }
    String weights = "run/weights/step_%d/model.safetensors".formatted(STEPS);
    assertThat(killed.resolve(weights)).hasSameBinaryContentAs(whole.resolve(weights));
    Path again = Files.createDirectory(dir.resolve("again"));
    try (ChildProcess run =
        ChildProcess.start(again, "run", "--run.dir=" + killed.resolve("run"))) {
      assertThat(run.awaitEnd()).isEqualTo(2);
      assertThat(run.err()).contains("without an earlier run, or --resume");
    }
  }

  private static ChildProcess start(Path in) throws IOException {
    return ChildProcess.start(
        in,
        CommandLineRun.small(
            "run",
            in.resolve("run"),
            "--run.steps=" + STEPS,
            "--run.seed=3",
            "--sft.steps=10",
            "--orchestrator.async_level=0",
            "--orchestrator.groups_per_batch=4",
            "--orchestrator.eval_problems=16",
            "--trainer.checkpoint_every=2"));
  }

  /** With the configuration that the run began with. */
  private static ChildProcess resume(Path in) throws IOException {
    return ChildProcess.start(in, "run", "--resume", "--run.dir=" + in.resolve("run"));
  }

  private static long journal(Path in) {
    try {
      Path file = in.resolve("run/journal.jsonl");
      return Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<JsonNode> lines(Path in, String kind) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    new MetricsReader(in.resolve("run")).read(lines::add);
    List<JsonNode> ofKind =
        lines.stream().filter(line -> line.path("kind").asString().equals(kind)).toList();
    ofKind.forEach(line -> ((ObjectNode) line).remove(MEASURED));
    return ofKind;
  }
}

package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.metrics.MetricsReader;
import dev.freshet.model.ModelWeights;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** What a trainer leaves for a later process of its run, and how that resumes it, on real files. */
@Timeout(120)
class TrainerResumeTest {
  @TempDir Path dir;

  private TrainerRun run;

  @BeforeEach
  void create() {
    run = new TrainerRun(dir);
  }

  /**
   * @param state the step of the newest state on disk when the first process was killed
   * @param published the step of its newest weights
   * @param reported the step of its last line in the metrics
   */
  @ParameterizedTest
  @CsvSource({"0, 0, 0", "0, 1, 0", "0, 3, 3", "2, 3, 2", "2, 5, 4", "6, 6, 6", "6, 7, 6"})
  void aTrainerThatWasKilledGoesOnAsIfItHadNotBeen(long state, long published, long reported)
      throws IOException {
    run.publishBase();
    run.writeBatches(7);
    run.train(7, false);
    byte[] expected = Files.readAllBytes(run.safetensors(7));
    List<JsonNode> uninterrupted = lines();
    leave(run.weights(), published);
    leave(run.checkpoints(), state);
    Path metrics = run.dir().resolve("metrics/trainer.jsonl");
    List<String> lines = Files.readAllLines(metrics);
    Files.write(metrics, lines.subList(0, (int) reported));
    Files.writeString(metrics, "{\"role\":\"trai", StandardOpenOption.APPEND);
    run.taken.clear();

    run.train(7, true);

    assertThat(run.safetensors(7)).hasBinaryContent(expected);
    assertThat(run.taken).extracting(StepMetrics::step).first().isEqualTo(state + 1);
    assertThat(lines()).hasSize(7);
    for (String field : List.of("step", "loss", "entropy", "grad_norm", "mismatch_kl")) {
      assertThat(lines())
          .extracting(line -> line.path(field))
          .isEqualTo(uninterrupted.stream().map(line -> line.path(field)).toList());
    }
    assertThat(run.checkpoints().steps().getLast()).isEqualTo(7);
  }

  @Test
  void theStateOfAnotherModelIsRefusedByTheNameOfTheTensor() throws IOException {
    run.publishBase();
    run.writeBatches(2);
    try (ModelWeights other = TinyModel.weights()) {
      run.checkpoints().publish(1, 1, other.views(), Map.of());
    }

    assertThatThrownBy(() -> run.train(2, true))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining(run.checkpoints().path(1).toString())
        .hasMessageContaining("tensor 'exp_avg.")
        .hasMessageContaining("is missing: the run had another model");
  }

  @Test
  void aStepWhoseWeightsAreNotPublishedLeavesNoState() throws IOException {
    run.publishBase();
    run.writeBatches(1);
    // A directory that cannot be replaced by the checkpoint of step 1.
    Files.createDirectories(run.weights().path(1).resolve("occupied"));

    assertThatThrownBy(() -> run.train(1, false))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("step_1");
    assertThat(run.checkpoints().steps()).isEmpty();
  }

  /** What a process leaves that was killed after a step. */
  private static void leave(CheckpointStore store, long newest) throws IOException {
    for (long step : store.steps()) {
      if (step > newest) {
        Path left = store.path(step);
        try (Stream<Path> files = Files.list(left)) {
          for (Path file : files.toList()) {
            Files.delete(file);
          }
        }
        Files.delete(left);
      }
    }
  }

  private List<JsonNode> lines() throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    new MetricsReader(run.dir()).read(lines::add);
    return lines;
  }
}

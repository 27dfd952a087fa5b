package dev.freshet.lab.train;

import dev.freshet.lab.LabException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Steps of plain PyTorch in a Python process, which computes only while {@link #step} waits for it.
 * Belongs to one thread; closing ends the process.
 */
final class TorchSteps implements AutoCloseable {
  private static final String SCRIPT = "torch-train.py";
  private static final Duration DEADLINE = Duration.ofMinutes(10);
  private static final Duration END_DEADLINE = Duration.ofSeconds(10);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ExecutorService reader =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("freshet-bench-torch").factory());

  private final Process process;
  private final Path errors;
  private final Writer requests;
  private final BufferedReader answers;
  private final String version;

  /**
   * Starts the process and waits until it has loaded the model.
   *
   * @param python an interpreter with torch and safetensors
   * @param dir a directory for its files
   * @throws LabException if it does not start
   */
  TorchSteps(String python, Path checkpoint, int vocabSize, TrainPlan plan, Path dir)
      throws IOException, InterruptedException {
    Path script = dir.resolve(SCRIPT);
    try (InputStream content =
        Objects.requireNonNull(TorchSteps.class.getResourceAsStream(SCRIPT))) {
      Files.copy(content, script);
    }
    Path batch = dir.resolve("batch.json");
    Files.writeString(batch, JSON.writeValueAsString(plan.batch(vocabSize)));
    this.errors = dir.resolve("torch.txt");
    List<String> command =
        List.of(
            python,
            script.toString(),
            "--model=" + checkpoint,
            "--batch=" + batch,
            "--threads=" + plan.threads(),
            "--precision=" + plan.torchPrecision().name().toLowerCase(Locale.ROOT),
            "--lr=" + TrainPlan.LR);
    this.process = started(command, errors);
    this.requests = process.outputWriter(StandardCharsets.UTF_8);
    this.answers = process.inputReader(StandardCharsets.UTF_8);
    try {
      this.version = answer().path("torch").asString();
    } catch (IOException | InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private static Process started(List<String> command, Path errors) {
    try {
      return new ProcessBuilder(command).redirectError(errors.toFile()).start();
    } catch (IOException e) {
      throw new LabException("--torch: cannot start: " + e.getMessage(), e);
    }
  }

  /** The version of PyTorch. */
  String version() {
    return version;
  }

  /**
   * Takes one step.
   *
   * @throws LabException if the process fails
   */
  TrainStep step() throws IOException, InterruptedException {
    requests.write("step\n");
    requests.flush();
    JsonNode answer = answer();
    return new TrainStep(
        answer.path("loss").asDouble(),
        answer.path("step_ms").asDouble(),
        answer.path("cpu_ms").asDouble(),
        answer.path("peak_mb").asDouble());
  }

  /** The next line of the process. */
  private JsonNode answer() throws IOException, InterruptedException {
    try {
      String line = reader.submit(answers::readLine).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
      if (line != null) {
        return JSON.readTree(line);
      }
      boolean _ = process.waitFor(END_DEADLINE.toSeconds(), TimeUnit.SECONDS);
      throw new LabException("PyTorch ended: " + Files.readString(errors).strip());
    } catch (TimeoutException e) {
      throw new LabException("PyTorch did not answer within " + DEADLINE, e);
    } catch (ExecutionException | JacksonException e) {
      throw new LabException("PyTorch's answer cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
    reader.shutdown();
  }
}

package dev.freshet.process;

import dev.freshet.metrics.MetricsFile;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/**
 * The directory of one run, with {@code config.toml}, {@code logs/}, {@code metrics/}, {@code
 * weights/}, {@code checkpoints/}, {@code rollouts/} and {@code report/}.
 */
public record RunDirectory(Path path) {
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  /** A directory in {@code runs/}, named after {@code name} and the local time by a clock. */
  public static RunDirectory fresh(String name, Clock clock) {
    LocalDateTime now = LocalDateTime.now(clock);
    return new RunDirectory(Path.of("runs", name + "-" + now.format(STAMP)));
  }

  /**
   * Creates the directory and writes {@code config.toml}.
   *
   * @param toml the resolved configuration
   */
  public void create(String toml) {
    createLogs();
    try {
      Files.writeString(config(), toml);
    } catch (IOException e) {
      throw cannotBeWritten(path, e);
    }
  }

  /** Creates the directories of logs and reports. */
  public void createLogs() {
    try {
      Files.createDirectories(path.resolve("logs"));
      Files.createDirectories(reports());
    } catch (IOException e) {
      throw cannotBeWritten(path, e);
    }
  }

  private static UncheckedIOException cannotBeWritten(Path file, IOException e) {
    return new UncheckedIOException(
        "%s: cannot be written: %s".formatted(file, OutputFile.reason(e)), e);
  }

  /** The name of the run: the name of its directory. */
  public String name() {
    return path.toAbsolutePath().normalize().getFileName().toString();
  }

  /** The directory of the published checkpoints. */
  public Path weights() {
    return path.resolve("weights");
  }

  /** The directory of the trainer's own checkpoints. */
  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  /** The directory of batches and of the update log. */
  public Path rollouts() {
    return path.resolve("rollouts");
  }

  /** The resolved configuration. */
  public Path config() {
    return path.resolve("config.toml");
  }

  /** The journal of the orchestrator. */
  public Path journal() {
    return path.resolve("journal.jsonl");
  }

  /** The log file of a role. */
  public Path log(String role) {
    return path.resolve("logs").resolve(role + ".log");
  }

  /** Opens the log of a role for appending. */
  OutputStream openLog(String role) {
    try {
      return Files.newOutputStream(log(role), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw cannotBeWritten(log(role), e);
    }
  }

  public Path logs() {
    return path.resolve("logs");
  }

  /** Opens the metrics file of a role for appending. */
  public MetricsFile metrics(String role) {
    try {
      return MetricsFile.open(path, role, InstantSource.system());
    } catch (IOException e) {
      throw cannotBeWritten(path, e);
    }
  }

  public Path reports() {
    return path.resolve("report");
  }

  public Path summary() {
    return reports().resolve("summary.json");
  }
}

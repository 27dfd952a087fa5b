package dev.freshet.cli;

import dev.freshet.cli.config.ConfigException;
import dev.freshet.cli.config.ConfigLoader;
import dev.freshet.cli.dashboard.RunFiles;
import dev.freshet.lab.analyze.AnalyzeOptions;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.MetricsFile;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The files of one run: {@code config.toml}, {@code logs/}, {@code weights/}, {@code rollouts/}, …
 * below one directory.
 */
record RunDirectory(Path path) {
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  /**
   * The directory that the configuration names, or a fresh one named after the environment and the
   * time.
   */
  static RunDirectory of(FreshetConfig config) {
    return config.run().dir().isEmpty()
        ? new RunDirectory(
            Path.of(
                "runs",
                config.environment().name()
                    + "-"
                    + LocalDateTime.now(java.time.ZoneId.systemDefault()).format(STAMP)))
        : new RunDirectory(Path.of(config.run().dir()));
  }

  /** Makes the directory and writes the resolved configuration into it. */
  void create(FreshetConfig config) {
    createLogs();
    try {
      Files.writeString(path.resolve("config.toml"), ConfigLoader.toToml(config));
    } catch (IOException e) {
      throw cannotBeWritten(path, e);
    }
  }

  /** The directory that the configuration names, which must hold a base model already. */
  static RunDirectory existing(FreshetConfig config) {
    if (config.run().dir().isEmpty()) {
      throw new ConfigException("run.dir is empty: expected the directory that `freshet sft` made");
    }
    RunDirectory run = of(config);
    if (run.weights().latest().isEmpty()) {
      throw new ConfigException(
          "run.dir = %s: expected %s, which `freshet sft` makes"
              .formatted(run.path, run.weights().path(0)));
    }
    run.createLogs();
    return run;
  }

  /** Makes the directory of the logs. */
  void createLogs() {
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

  /** Refuses a directory in which an earlier run has published {@code firstStep} or a later one. */
  void requireFresh(long firstStep) {
    OptionalLong latest = weights().latest();
    if (latest.isPresent() && latest.getAsLong() >= firstStep) {
      throw new ConfigException(
          "run.dir = %s: expected a directory without an earlier run, but %s is there"
              .formatted(path, weights().path(latest.getAsLong())));
    }
  }

  /** What the run is called: its directory's name. */
  String name() {
    return path.toAbsolutePath().normalize().getFileName().toString();
  }

  /** The files that a dashboard reads, judged by the configuration. */
  RunFiles files(FreshetConfig config, Tokenizer tokenizer) {
    return new RunFiles(
        metricsPath(),
        logs(),
        new AnalyzeOptions(Optional.empty(), Optional.of(config.orchestrator().asyncLevel())),
        batches(),
        tokenizer);
  }

  CheckpointStore weights() {
    return new CheckpointStore(path.resolve("weights"));
  }

  BatchStore batches() {
    return new BatchStore(path.resolve("rollouts"));
  }

  Path log(String role) {
    return path.resolve("logs").resolve(role + ".log");
  }

  /** Opens the log of a role, behind what it has. */
  OutputStream openLog(String role) {
    try {
      return Files.newOutputStream(log(role), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw cannotBeWritten(log(role), e);
    }
  }

  Path logs() {
    return path.resolve("logs");
  }

  Path metricsPath() {
    return path.resolve("metrics.jsonl");
  }

  MetricsFile metrics(String role) {
    try {
      return MetricsFile.open(metricsPath(), role);
    } catch (IOException e) {
      throw cannotBeWritten(metricsPath(), e);
    }
  }

  Path reports() {
    return path.resolve("report");
  }

  Path summary() {
    return reports().resolve("summary.json");
  }
}

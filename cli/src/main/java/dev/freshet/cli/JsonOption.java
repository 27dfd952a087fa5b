package dev.freshet.cli;

import dev.freshet.process.OutputFile;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** {@code --json}: the file for the figures of a benchmark, which is optional. */
final class JsonOption {
  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "File for the figures as JSON (default: none).")
  private Optional<Path> file = Optional.empty();

  /**
   * Called before the benchmark begins.
   *
   * @throws dev.freshet.config.ConfigException if the file cannot be written
   */
  void requireWritable() {
    file.ifPresent(path -> OutputFile.requireWritable("--json", path));
  }

  /** Writes the figures, if there is a file for them. */
  void write(Consumer<Path> figures) {
    file.ifPresent(figures);
  }
}

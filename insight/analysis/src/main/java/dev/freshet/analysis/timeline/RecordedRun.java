package dev.freshet.analysis.timeline;

import dev.freshet.metrics.MetricsReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The files of a recorded run.
 *
 * @param logs files and directories
 * @param metrics the directory that contains its metrics, if there is one
 * @param directory the run's own, if one was named
 */
public record RecordedRun(List<Path> logs, Optional<Path> metrics, Optional<Path> directory) {
  public RecordedRun {
    logs = List.copyOf(logs);
  }

  /**
   * Finds the files: {@code logs/} in a run's directory, any other path as it is; the metrics in a
   * directory that was named, or beside or above the logs.
   */
  public static RecordedRun of(List<Path> paths) {
    Optional<Path> metrics =
        paths.stream().flatMap(RecordedRun::around).filter(MetricsReader::exists).findFirst();
    Optional<Path> directory =
        paths.size() == 1 && isRun(paths.getFirst())
            ? Optional.of(paths.getFirst())
            : Optional.empty();
    return new RecordedRun(
        paths.stream().map(path -> isRun(path) ? path.resolve("logs") : path).toList(),
        metrics,
        directory);
  }

  private static boolean isRun(Path path) {
    return Files.isDirectory(path.resolve("logs"));
  }

  private static Stream<Path> around(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    Path inner = Files.isDirectory(absolute) ? absolute : absolute.resolveSibling(".").normalize();
    return Stream.iterate(Optional.of(inner), at -> at.flatMap(RecordedRun::parent))
        .limit(2)
        .flatMap(Optional::stream);
  }

  private static Optional<Path> parent(Path dir) {
    return Optional.ofNullable(dir.getParent());
  }
}

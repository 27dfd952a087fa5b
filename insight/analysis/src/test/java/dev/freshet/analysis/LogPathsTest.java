package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.analysis.SimulatedRun.Role;
import dev.freshet.analysis.read.LogFiles;
import dev.freshet.analysis.read.LogInput;
import dev.freshet.analysis.read.TagScanner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files, archives, directories, pipes and devices named as logs. */
@Timeout(60)
class LogPathsTest {
  @TempDir Path dir;

  private static Stats stats(Analysis analysis, LogMetric metric) {
    return Optional.ofNullable(analysis.stats().get(metric)).orElseThrow();
  }

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(dir.resolve(name), content);
  }

  private Path file(String name, String content) throws IOException {
    return file(name, content.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream zip = new GZIPOutputStream(bytes)) {
      zip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  @Test
  void compressedLogsDirectoriesAndTornArchivesAreRead() throws IOException {
    SimulatedRun run = new SimulatedRun(2).run();
    Path logs = Files.createDirectories(dir.resolve("run/logs/old"));
    Files.writeString(logs.resolveSibling("orchestrator.log"), run.log(Role.ORCHESTRATOR));
    Files.write(logs.resolve("inference.log.1.gz"), gzip(run.log(Role.INFERENCE)));
    Files.write(logs.resolve("trainer.gz"), gzip(run.log(Role.TRAINER)));
    Files.writeString(logs.resolve("notes.txt"), "[ckpt] write.done step=1 write_ms=9.0\n");
    Files.writeString(
        dir.resolve("run/config.toml"), "[orchestrator]\nasync_level = 1 # as trained\n");

    Analysis analysis = LogAnalysis.of(AnalyzeOptions.NONE, List.of(dir.resolve("run")));
    assertThat(analysis.stats())
        .isEqualTo(AnalyzedLogs.analyze(AnalyzedLogs.asyncLevel(1), run).stats());
    assertThat(analysis.asyncLevel()).startsWith("async_level 1 (from ");

    byte[] whole = gzip(run.log(Role.ORCHESTRATOR));
    Path torn = file("torn.log.gz", Arrays.copyOf(whole, whole.length / 2));
    Analysis half = LogAnalysis.of(AnalyzeOptions.NONE, List.of(torn));
    file("tiny.log.gz", Arrays.copyOf(whole, 5));
    assertThat(LogAnalysis.of(AnalyzeOptions.NONE, List.of(dir)).notes())
        .contains("tiny.log.gz is not a complete gzip file and was skipped.");
    assertThat(half.notes()).anyMatch(note -> note.contains("is a truncated gzip file"));
    assertThat(stats(half, LogMetric.QUEUE).count()).isBetween(10L, 59L);
  }

  @Test
  void anUnreadablePathIsReportedInOneLine() throws IOException {
    Path empty = Files.createDirectories(dir.resolve("empty"));

    assertThatThrownBy(
            () -> LogAnalysis.of(AnalyzeOptions.NONE, List.of(dir.resolve("absent.log"))))
        .isInstanceOf(AnalysisException.class)
        .hasMessage(dir.resolve("absent.log") + ": not found, expected a log file or a directory");
    assertThat(LogAnalysis.of(AnalyzeOptions.NONE, List.of(empty)).notes())
        .contains(empty + " has no file named *.log* or *.gz.");
    assertThat(LogAnalysis.of(AnalyzeOptions.NONE, List.of(file("e.log", ""))).isEmpty()).isTrue();
  }

  @Test
  void neitherPipesNorDevicesNorDirectoriesWithoutLogsAreWaitedFor() throws Exception {
    Path pipe = dir.resolve("pipe.log");
    assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")));
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();

    for (Path path : List.of(pipe, Path.of("/dev/zero"), Path.of("/dev/null"))) {
      assertThatThrownBy(() -> LogAnalysis.of(AnalyzeOptions.NONE, List.of(path)))
          .isInstanceOf(AnalysisException.class)
          .hasMessageStartingWith(
              path + ": a named pipe, socket or device, expected a log file or a directory");
    }
    assertThatThrownBy(() -> new FollowedLogs(AnalyzeOptions.NONE, List.of(pipe), () -> 0))
        .hasMessageContaining("a named pipe");
    assertThat(LogAnalysis.of(AnalyzeOptions.NONE, List.of(dir)).notes())
        .contains(dir + " has no file named *.log* or *.gz.");
  }

  @Test
  void theOpenPipeOfAShellIsRead() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")));
    Process writer =
        new ProcessBuilder("sh", "-c", "echo '[ckpt] write.done step=1 write_ms=2.5'; read end")
            .start();
    Path path = Path.of("/proc/%d/fd/1".formatted(writer.pid()));
    TagScanner scanner = new TagScanner((_, _, _) -> {});
    try (InputStream _ = writer.getInputStream()) {
      LogFiles.requirePresent(List.of(path));
      try (LogInput pipe = LogInput.open(path)) {
        writer.getOutputStream().close(); // Which ends the writer, and so the pipe.
        scanner.drain(pipe);
      }
    } finally {
      writer.destroy();
    }
    assertThat(scanner.events()).isEqualTo(1);
  }
}

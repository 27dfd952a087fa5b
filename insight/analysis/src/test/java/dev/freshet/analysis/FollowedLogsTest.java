package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FollowedLogsTest {
  @TempDir Path dir;

  private static String line(int second) {
    return "2026-01-02T03:00:%02dZ [ckpt] write.done step=%d write_ms=9.0\n"
        .formatted(second, second);
  }

  private static void append(Path file, int... seconds) throws IOException {
    for (int second : seconds) {
      Files.writeString(file, line(second), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
  }

  private static long writes(FollowedLogs logs) {
    logs.poll();
    Stats stats = logs.analysis().stats().get(LogMetric.WRITE);
    return stats == null ? 0 : stats.count();
  }

  private static void await(FollowedLogs logs, long writes) throws InterruptedException {
    while (writes(logs) != writes) {
      Thread.sleep(20);
    }
  }

  @Test
  void logsThatAppearInADirectoryAreTakenIn() throws Exception {
    try (FollowedLogs logs = new FollowedLogs(AnalyzeOptions.NONE, List.of(dir))) {
      assertThat(writes(logs)).isZero();

      append(dir.resolve("trainer.log"), 1, 2);

      await(logs, 2);
    }
  }

  @Test
  void aLogThatIsRenamedGoesOnInTheFileThatTakesItsPlace() throws Exception {
    Path log = dir.resolve("trainer.log");
    append(log, 1, 2);
    try (FollowedLogs logs = new FollowedLogs(AnalyzeOptions.NONE, List.of(dir))) {
      await(logs, 2);

      append(log, 3);
      Files.move(log, dir.resolve("trainer.log.1"));
      append(log, 4);

      await(logs, 4);
      Thread.sleep(1100); // It has looked for new files again.
      assertThat(writes(logs)).isEqualTo(4);
      assertThat(logs.analysis().notes()).noneMatch(note -> note.contains("more than once"));
    }
  }

  @Test
  void aLogThatIsCutOffAndHasGrownAgainIsReadFromItsBeginning() throws Exception {
    Path log = dir.resolve("trainer.log");
    append(log, 1, 2);
    try (FollowedLogs logs = new FollowedLogs(AnalyzeOptions.NONE, List.of(log))) {
      await(logs, 2);

      Files.writeString(log, line(3) + line(4) + line(5), StandardOpenOption.TRUNCATE_EXISTING);

      await(logs, 5);
    }
  }
}

package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class FollowedLogsTest {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  @TempDir Path dir;

  private long nanos;

  private FollowedLogs follow(Path... paths) {
    return new FollowedLogs(AnalyzeOptions.NONE, List.of(paths), () -> nanos);
  }

  /** Lines without a time of day: one that is read twice counts twice. */
  private static void append(Path file, int... steps) throws IOException {
    for (int step : steps) {
      Files.writeString(
          file,
          "[ckpt] write.done step=%d write_ms=9.0\n".formatted(step),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    }
  }

  @Test
  void eventsThatWereThereFromTheStartAreReportedByTheFirstPoll() throws IOException {
    append(dir.resolve("trainer.log"), 1, 2);

    try (FollowedLogs logs = follow(dir)) {
      assertThat(logs.poll()).isTrue();
      assertThat(logs.poll()).isFalse();
      append(dir.resolve("trainer.log"), 3);
      assertThat(logs.poll()).isTrue();
    }
  }

  /** How many lines were read when the directories were not looked at. */
  private static long writes(FollowedLogs logs) {
    logs.poll();
    Stats stats = logs.analysis().stats().get(LogMetric.WRITE);
    return stats == null ? 0 : stats.count();
  }

  /** How many lines were read once the directories were looked at. */
  private long writesAfterLook(FollowedLogs logs) {
    nanos += FollowedLogs.LOOK_NANOS;
    return writes(logs);
  }

  /** The files of the directory that this process has open. */
  private List<String> openFiles() throws IOException {
    assumeTrue(Files.isDirectory(DESCRIPTORS));
    List<String> open = new ArrayList<>();
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path descriptor : descriptors) {
        try {
          open.add(Files.readSymbolicLink(descriptor).toString());
        } catch (NoSuchFileException e) {
          // It was that of the listing itself.
        }
      }
    }
    return open.stream().filter(name -> name.startsWith(dir.toString() + "/")).toList();
  }

  @Test
  void logsThatAppearInADirectoryAreRead() throws Exception {
    try (FollowedLogs logs = follow(dir)) {
      assertThat(writes(logs)).isZero();

      append(dir.resolve("trainer.log"), 1, 2);

      assertThat(writesAfterLook(logs)).isEqualTo(2);
      assertThat(logs.poll()).isFalse();
    }
  }

  @Test
  void aPathThatIsNotThereIsRefusedByName() {
    assertThatThrownBy(() -> follow(dir.resolve("absent.log")))
        .isInstanceOf(AnalysisException.class)
        .hasMessage(dir.resolve("absent.log") + ": not found, expected a log file or a directory");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noNumberOfRotationsByRenamingEndsFollowing(boolean byDirectory) throws Exception {
    Path log = dir.resolve("trainer.log");
    append(log, 0);
    try (FollowedLogs logs = follow(byDirectory ? dir : log)) {
      for (int rotation = 1; rotation <= 200; rotation++) {
        append(log, rotation);
        for (int old = 3; old > 0; old--) {
          Path from = old == 1 ? log : dir.resolve("trainer.log." + (old - 1));
          if (Files.exists(from)) {
            Files.deleteIfExists(dir.resolve("trainer.log." + old));
            Files.move(from, dir.resolve("trainer.log." + old));
          }
        }
        append(log, 1000 + rotation);
        assertThat(writesAfterLook(logs)).isEqualTo(1 + 2L * rotation);
      }
      for (int look = 0; look < 2; look++) {
        assertThat(writesAfterLook(logs)).isEqualTo(401);
      }
      assertThat(logs.analysis().inputs()).extracting(Analysis.Input::name).contains("trainer.log");
      assertThat(openFiles()).noneMatch(name -> name.endsWith(" (deleted)"));
    }
  }

  @Test
  void linesWrittenToALogAfterItsRenamingAreRead() throws Exception {
    Path log = dir.resolve("trainer.log");
    Path renamed = dir.resolve("trainer.log.1");
    append(log, 1, 2);
    try (FollowedLogs logs = follow(dir)) {
      assertThat(writes(logs)).isEqualTo(2);

      Files.move(log, renamed);
      append(log, 4);
      append(renamed, 3);

      assertThat(writesAfterLook(logs)).isEqualTo(4);
      append(renamed, 5);
      assertThat(writesAfterLook(logs)).isEqualTo(5);
    }
  }

  @Test
  void noNumberOfRotationsByCopyingCountsALineTwiceOrLosesOne() throws Exception {
    Path log = dir.resolve("trainer.log");
    try (FollowedLogs logs = follow(dir)) {
      long written = 0;
      for (int rotation = 1; rotation <= 100; rotation++) {
        append(log, 10 * rotation, 10 * rotation + 1);
        assertThat(writesAfterLook(logs)).isEqualTo(written + 2);

        append(log, 10 * rotation + 2); // Not read yet.
        Files.copy(log, dir.resolve("trainer.log." + rotation));
        if (rotation % 2 == 0) {
          assertThat(writesAfterLook(logs)).isEqualTo(written + 3);
        }
        Files.writeString(log, "", StandardOpenOption.TRUNCATE_EXISTING);
        append(log, 10 * rotation + 3);
        written += 4;
        assertThat(writesAfterLook(logs)).isEqualTo(written);
      }
    }
  }

  @Test
  void aLogThatIsTruncatedAndHasGrownAgainIsReadFromItsBeginning() throws Exception {
    Path log = dir.resolve("trainer.log");
    append(log, 1, 2);
    try (FollowedLogs logs = follow(log)) {
      assertThat(writes(logs)).isEqualTo(2);

      Files.writeString(log, "", StandardOpenOption.TRUNCATE_EXISTING);
      append(log, 3, 4, 5);

      assertThat(writes(logs)).isEqualTo(5);
    }
  }

  @Test
  void aCopyOfALogIsNotReadAgain() throws Exception {
    append(dir.resolve("a.log"), 1, 2, 3);
    Files.copy(dir.resolve("a.log"), dir.resolve("b.log"));
    try (FollowedLogs logs = follow(dir)) {
      assertThat(writes(logs)).isEqualTo(3);
      assertThat(writesAfterLook(logs)).isEqualTo(3);
    }
  }

  @Test
  void manyLogsAreFollowedWithFewFilesOpen() throws Exception {
    int files = 3 * FollowedLogs.MOST_OPEN;
    for (int file = 0; file < files; file++) {
      append(dir.resolve("server%d.log".formatted(file)), 10 + file);
    }
    try (FollowedLogs logs = follow(dir)) {
      assertThat(writes(logs)).isEqualTo(files);
      assertThat(openFiles()).hasSizeLessThanOrEqualTo(FollowedLogs.MOST_OPEN);

      for (int file = 0; file < files; file++) {
        append(dir.resolve("server%d.log".formatted(file)), 1000 + file);
      }

      assertThat(writes(logs)).isEqualTo(2L * files);
      assertThat(openFiles()).hasSizeLessThanOrEqualTo(FollowedLogs.MOST_OPEN);
    }
    assertThat(openFiles()).isEmpty();
  }
}

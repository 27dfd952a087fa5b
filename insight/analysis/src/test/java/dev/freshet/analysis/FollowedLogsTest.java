package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
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

  private static void appendBytes(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** A line for each step, in pieces of {@code piece} bytes with a poll after each. */
  private long followedInPieces(Path log, byte[] lines, int piece) throws IOException {
    appendBytes(log, new byte[0]);
    try (FollowedLogs logs = follow(log)) {
      for (int at = 0; at < lines.length; at += piece) {
        appendBytes(log, Arrays.copyOfRange(lines, at, Math.min(lines.length, at + piece)));
        logs.poll();
      }
      return writes(logs);
    }
  }

  @Test
  void linesInAnyFormAreFollowedPieceByPiece() throws Exception {
    String event = "[ckpt] write.done step=%d write_ms=9.0";
    List<String> forms =
        List.of(
            event + "\n",
            "{\"log\":\""
                + event
                + "\\n\",\"stream\":\"stderr\",\"time\":\"2026-01-02T03:04:05.%03dZ\"}\n",
            "{\"MESSAGE\":\"" + event + "\",\"__REALTIME_TIMESTAMP\":\"1767323045%03d000\"}\n",
            """
            2026-01-02T03:04:05.%03dZ stderr P [ckpt] write
            2026-01-02T03:04:05.1Z stderr F .done step=1 write_ms=9.0
            """,
            "\u001b[1m[\u001b[0mckpt\u001b[1m]\u001b[0m write.done step=%d"
                + " write_ms=\u001b[36m9.0\u001b[0m\r\n");
    int file = 0;
    for (String form : forms) {
      StringBuilder lines = new StringBuilder();
      for (int step = 1; step <= 9; step++) {
        lines.append(form.formatted(step, step));
      }
      for (Charset charset : List.of(StandardCharsets.UTF_8, StandardCharsets.UTF_16)) {
        for (int piece : new int[] {1, 7, 100}) {
          Path log = dir.resolve("form%d.log".formatted(file++));
          assertThat(followedInPieces(log, lines.toString().getBytes(charset), piece))
              .as("%s in %s by %d", form, charset, piece)
              .isEqualTo(9);
        }
      }
    }
  }

  @Test
  void aLogInUtf16IsFollowedAcrossRotations() throws Exception {
    Path log = dir.resolve("trainer.log");
    String line = "\ufeff[ckpt] write.done step=%d write_ms=9.0\n";
    appendBytes(log, line.formatted(1).getBytes(StandardCharsets.UTF_16LE));
    try (FollowedLogs logs = follow(dir)) {
      assertThat(writes(logs)).isEqualTo(1);

      Files.move(log, dir.resolve("trainer.log.1"));
      appendBytes(log, line.formatted(2).getBytes(StandardCharsets.UTF_16LE));
      assertThat(writesAfterLook(logs)).isEqualTo(2);

      Files.copy(log, dir.resolve("trainer.log.2"));
      Files.write(log, line.formatted(33).getBytes(StandardCharsets.UTF_16BE));
      assertThat(writesAfterLook(logs)).isEqualTo(3);
    }
  }

  @Test
  void compressedLogsThatAreThereAtFirstAreReadOnce() throws Exception {
    Path log = dir.resolve("trainer.log");
    append(log, 1, 2);
    Path archive = dir.resolve("trainer.log.1.gz");
    try (OutputStream zip = new GZIPOutputStream(Files.newOutputStream(archive))) {
      Files.copy(log, zip);
    }
    Files.writeString(log, "[ckpt] write.done step=3 write_ms=9.0\n");
    try (FollowedLogs logs = follow(dir)) {
      assertThat(logs.poll()).isTrue();
      assertThat(writes(logs)).isEqualTo(3);

      Files.copy(archive, dir.resolve("trainer.log.2.gz"));

      assertThat(writesAfterLook(logs)).isEqualTo(3);
      assertThat(writesAfterLook(logs)).isEqualTo(3);
    }
  }
}

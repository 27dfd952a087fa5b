package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.analysis.SimulatedRun.Role;
import dev.freshet.analysis.read.LogFiles;
import dev.freshet.trace.FreeText;
import dev.freshet.trace.UpdatePart;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs that are torn, repeated, contradictory, of several clocks, or no logs at all. */
class BadInputTest {
  private static final String TRACE = "[weights][0123456789abcdef] ";

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
  void logsWithoutATaggedLineSayWhatWasExpected() {
    byte[] binary = new byte[300_000];
    new Random(1).nextBytes(binary);

    for (String log :
        List.of("", "\n\n", "hello\nworld\n", new String(binary, StandardCharsets.ISO_8859_1))) {
      Analysis analysis = AnalyzedLogs.analyze(log);
      assertThat(analysis.isEmpty()).isTrue();
      assertThat(analysis.verdict())
          .startsWith("Nothing to analyse: no tagged line in log0")
          .contains("[weights][<trace>]");
    }
  }

  @Test
  void impossibleFiguresAreDroppedAndCounted() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            """
            [ckpt] write.done step=1 write_ms=-5.0
            [ckpt] write.done step=2 write_ms=NaN
            [ckpt] write.done step=3 write_ms=1e300
            [ckpt] write.done step=4 write_ms=99999999999999999999999999999.0
            [ckpt] write.done step=5 write_ms=
            [ckpt] write.done step=6 write_ms=1.2.3
            [ckpt] write.done step=-7 write_ms=100.0
            [rollout] trunc_pct=250.0 current_step=3 ckpt_step=9 staleness=-6
            [gen] batch.done completions=1 dur_ms=Infinity inflight=-1
            """
                + TRACE
                + "client.done wall_ms=100.0 rpc_ms=-3.0 queue_ms=1e99\n");

    assertThat(stats(analysis, LogMetric.WRITE).count()).isEqualTo(1);
    assertThat(stats(analysis, LogMetric.BATCH).count()).isZero();
    assertThat(stats(analysis, LogMetric.TRUNCATION).count()).isZero();
    assertThat(stats(analysis, LogMetric.STALENESS).count()).isZero();
    assertThat(stats(analysis, LogMetric.WALL).max()).isEqualTo(100);
    assertThat(stats(analysis, LogMetric.QUEUE).count()).isZero();
    assertThat(analysis.notes()).anyMatch(note -> note.contains("impossible figures"));
  }

  @Test
  void anIncompleteLastLineGivesOnlyCompleteFigures() {
    String done = TRACE + "client.done wall_ms=1500.5 rpc_ms=1200.4 queue_ms=300.1";
    for (int length = 1; length < done.length(); length++) {
      Analysis analysis = AnalyzedLogs.analyze(done.substring(0, length));
      Stats wall = stats(analysis, LogMetric.WALL);
      Stats rpc = stats(analysis, LogMetric.RPC);
      assertThat(wall.count() == 0 || wall.max() == 1500.5).as(done.substring(0, length)).isTrue();
      assertThat(rpc.count() == 0 || rpc.max() == 1200.4).as(done.substring(0, length)).isTrue();
    }
    assertThat(stats(AnalyzedLogs.analyze(done), LogMetric.QUEUE).max()).isEqualTo(300.1);
    assertThat(
            stats(AnalyzedLogs.analyze("[ckpt] write.done step=1 write_ms=12"), LogMetric.WRITE)
                .count())
        .isZero();
  }

  @Test
  void withoutTheServersRpcTimeTheQueueTimeIsReportedAsUnknown() {
    SimulatedRun run = new SimulatedRun(2);
    run.serverReportsRpc = false;
    run.run();

    Analysis alone = AnalyzedLogs.analyze(run.log(Role.ORCHESTRATOR));
    assertThat(alone.counts().queueUnknown()).isEqualTo(60);
    assertThat(alone.verdict())
        .startsWith("Not enough data to judge weight updates: queue_ms is unknown");

    Analysis both = AnalyzedLogs.analyze(run.log(Role.ORCHESTRATOR), run.log(Role.INFERENCE));
    assertThat(stats(both, LogMetric.QUEUE).count()).isEqualTo(60);
    assertThat(both.verdict()).startsWith("healthy");
  }

  @Test
  void theServersLogAloneGivesItsOwnFiguresAndSaysWhatIsMissing() {
    Analysis analysis = AnalyzedLogs.analyze(new SimulatedRun(2).run().log(Role.INFERENCE));

    assertThat(stats(analysis, LogMetric.RPC).count()).isEqualTo(60);
    assertThat(analysis.verdict()).contains("queue_ms needs client.done lines");
  }

  @Test
  void aRepeatedEventCountsOnce() throws IOException {
    SimulatedRun run = new SimulatedRun(2).run();
    String all = run.log(Role.ORCHESTRATOR) + run.log(Role.INFERENCE) + run.log(Role.TRAINER);
    Analysis once =
        AnalyzedLogs.analyze(
            run.log(Role.ORCHESTRATOR), run.log(Role.INFERENCE), run.log(Role.TRAINER));

    Analysis overlapping =
        AnalyzedLogs.analyze(run.log(Role.ORCHESTRATOR), all, run.log(Role.INFERENCE));
    assertThat(overlapping.stats()).isEqualTo(once.stats());
    assertThat(overlapping.notes()).anyMatch(note -> note.contains("counted once"));

    Path a = file("a.log", all);
    Path copy = file("b.log", all);
    Analysis files = LogAnalysis.of(AnalyzeOptions.NONE, List.of(a, a, copy, dir));
    assertThat(files.stats()).isEqualTo(AnalyzedLogs.analyze(all).stats());
    assertThat(files.inputs()).hasSize(1);
  }

  @Test
  void failedCallsAreCountedApart() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            """
            [weights][00000000000000aa] client.send url=http://h/update_weights t=1.000000
            [weights][00000000000000aa] client.done wall_ms=60000.0 op=update_weights error=timeout
            [weights][00000000000000aa] client.send url=http://h/update_weights t=62.000000
            [weights][00000000000000aa] client.done wall_ms=410.0 rpc_ms=400.0 queue_ms=10.0
            [weights][00000000000000bb] rpc.done op=update_weights t=70.000000 rpc_ms=9.0 error=checkpoint
            """);

    assertThat(analysis.counts().failed()).isEqualTo(2);
    assertThat(stats(analysis, LogMetric.WALL).count()).isEqualTo(1);
    assertThat(stats(analysis, LogMetric.RPC).max()).isEqualTo(400);
    assertThat(analysis.verdict()).contains("2 of 3 admin calls failed");
  }

  @Test
  void aReloadIsJudgedByItsOwnRange() {
    StringBuilder log = new StringBuilder();
    for (int i = 0; i < 9; i++) {
      log.append(
          "[weights][%016x] client.done wall_ms=901.0 rpc_ms=900.0 queue_ms=1.0 op=%s%n"
              .formatted(i, i < 4 ? "reload_weights" : "update_weights"));
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString());

    assertThat(stats(analysis, LogMetric.RPC).warning()).isEqualTo(4 / 9.0);
    assertThat(stats(analysis, LogMetric.RPC_RELOAD).count()).isEqualTo(4);
    assertThat(AnalyzedLogs.grave(analysis)).containsExactly(Signature.ENGINE_RELOAD);
  }

  @Test
  void theClocksOfTwoHostsAreRelatedByTheirTraces() {
    SimulatedRun run = new SimulatedRun(2);
    run.serverAheadS = 98_765.4;
    run.gapMs = step -> step % 2 == 0 ? 4000 : 2;
    run.run();

    Analysis analysis = AnalyzedLogs.analyze(run.log(Role.INFERENCE), run.log(Role.ORCHESTRATOR));

    assertThat(analysis.notes())
        .anyMatch(
            note ->
                note.matches("The clocks of log1 and log0 differ: .* 98765\\.40\\d* s ahead.*"));
    assertThat(analysis.findings().getFirst().signature()).isEqualTo(Signature.FRONT_END_QUEUE);
    assertThat(analysis.slowest(1).getFirst().gapMs()).isBetween(3995.0, 4005.0);
  }

  @Test
  void clocksWithoutAConsistentOffsetAreReported() {
    StringBuilder log = new StringBuilder();
    for (int i = 0; i < 20; i++) {
      double server = 1000 + i * 37 % 11 * 50;
      log.append(
          "[weights][%016x] client.send url=http://h/update_weights t=%d.000000\n"
              .formatted(i + 1, 10 * i));
      log.append(
          "[weights][%016x] server.recv path=/update_weights t=%.6f\n".formatted(i + 1, server));
      log.append(
          "[weights][%016x] rpc.done op=update_weights t=%.6f rpc_ms=400.0\n"
              .formatted(i + 1, server + 0.4));
      log.append(
          "[weights][%016x] client.done wall_ms=410.0 rpc_ms=400.0 queue_ms=10.0\n"
              .formatted(i + 1));
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString());

    assertThat(analysis.notes())
        .anyMatch(note -> note.contains("cannot be related") || note.contains("differ"));
    assertThat(analysis.verdict()).startsWith("healthy");
  }

  @Test
  void logsOfTwoTimeZonesAreOnOneAxis() {
    SimulatedRun run = new SimulatedRun(2);
    run.styles.put(Role.ORCHESTRATOR, SimulatedRun.Style.PYTHON);
    run.styles.put(Role.INFERENCE, SimulatedRun.Style.EASTERN);
    run.styles.put(Role.TRAINER, SimulatedRun.Style.EASTERN);
    run.pollMs = _ -> run.about(4000);
    run.waitMs = _ -> run.about(4200);

    Analysis analysis = AnalyzedLogs.analyze(AnalyzedLogs.asyncLevel(1), run.run());

    assertThat(analysis.notes())
        .anyMatch(note -> note.contains("as from another time zone"))
        .anyMatch(
            note -> note.matches("The times in log1 are 1(7999\\.9|8000\\.0)\\d* s behind .*"));
    assertThat(AnalyzedLogs.grave(analysis)).containsExactly(Signature.CHECKPOINT_WAIT);
    assertThat(analysis.findings().getFirst().advice()).contains("watches the directory");
  }

  @Test
  void severalRunsInOneFileAreReported() {
    String run = new SimulatedRun(2).run().log(Role.ORCHESTRATOR);
    String other = new SimulatedRun(3).run().log(Role.ORCHESTRATOR);

    Analysis analysis = AnalyzedLogs.analyze(run + other);

    assertThat(stats(analysis, LogMetric.QUEUE).count()).isEqualTo(120);
    assertThat(analysis.notes()).anyMatch(note -> note.startsWith("log0 has 2 runs"));
    assertThat(analysis.verdict()).startsWith("healthy");
  }

  @Test
  void otherLineEndsNulsAndLongLinesChangeNothing() {
    String log = new SimulatedRun(2).run().log(Role.ORCHESTRATOR);
    Analysis plain = AnalyzedLogs.analyze(log);

    assertThat(AnalyzedLogs.analyze(log.replace("\n", "\r\n")).stats()).isEqualTo(plain.stats());
    assertThat(
            AnalyzedLogs.analyze("\0".repeat(3_000_000) + "\n" + log + "x[".repeat(1_000_000))
                .stats())
        .isEqualTo(plain.stats());
    assertThat(AnalyzedLogs.analyze("y".repeat(3_000_000) + log).stats()).isEqualTo(plain.stats());
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
  void timesWithoutADateGetItFromTheSameLog() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            """
            03:04:05 [gen] batch.done completions=8 dur_ms=10.0 inflight=1
            2026-01-02 03:04:06,000 [gen] batch.done completions=8 dur_ms=11.0 inflight=1
            01-02 03:04:07 [gen] batch.done completions=8 dur_ms=12.0 inflight=1
            23:59:59 [gen] batch.done completions=8 dur_ms=13.0 inflight=1
            2026-01-03T00:00:01Z 00:00:01 [gen] batch.done completions=8 dur_ms=14.0 inflight=1
            """);

    double base = Instant.parse("2026-01-02T03:04:06Z").toEpochMilli();
    assertThat(analysis.moments())
        .extracting(Analysis.Moment::millis)
        .containsExactlyInAnyOrder(
            Double.NaN,
            base,
            base + 1000,
            (double) Instant.parse("2026-01-01T23:59:59Z").toEpochMilli(),
            (double) Instant.parse("2026-01-02T00:00:01Z").toEpochMilli());
  }

  @Test
  void aLineWithACollectorsTimeInFrontIsTheSameEvent() {
    String line =
        "2026-01-02 03:04:05,678 INFO [gen] batch.done completions=8 dur_ms=9.0 inflight=1\n";

    Analysis analysis =
        AnalyzedLogs.analyze(line, "2026-01-02T03:04:06.001002003Z stdout F " + line);

    assertThat(stats(analysis, LogMetric.BATCH).count()).isEqualTo(1);
  }

  @Test
  void figuresThatFollowFromImpossibleOnesAreUnknown() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            """
            [weights][00000000000000aa] client.send url=http://h/update_weights t=5.000000
            [weights][00000000000000aa] server.recv path=/update_weights t=5.001000
            [weights][00000000000000aa] rpc.start op=update_weights t=99999999999.000000
            [weights][00000000000000aa] rpc.done op=update_weights t=5.003000 rpc_ms=1.0
            [weights][00000000000000aa] client.done wall_ms=4.0 rpc_ms=1.0 queue_ms=3.0
            """);

    assertThat(analysis.updates())
        .singleElement()
        .extracting(u -> u.ms(UpdatePart.HANDLER))
        .isEqualTo(Double.NaN);
  }

  @Test
  void aLineWithAnImpossibleFigureIsCountedOnce() {
    Analysis analysis = AnalyzedLogs.analyze("[ckpt] write.done step=1 write_ms=-5.0\n");

    assertThat(analysis.inputs().getFirst().malformed()).isEqualTo(1);
  }

  @Test
  void moreTracesThanAreKeptStillCountOnceEach() {
    StringBuilder log = new StringBuilder();
    int calls = CallBook.MOST + 5000;
    for (int i = 0; i < calls; i++) {
      log.append(
          "[weights][%016x] client.done wall_ms=20.0 rpc_ms=15.0 queue_ms=5.0\n".formatted(i));
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString(), log.toString());

    assertThat(stats(analysis, LogMetric.QUEUE).count()).isEqualTo(calls);
    assertThat(analysis.notes()).anyMatch(note -> note.contains("of the newest"));
  }

  @Test
  void aMessageOfFreshetCannotForgeAnEvent() {
    String ours = "2026-01-02T03:04:05.678Z ";
    String forged =
        "[weights][00000000deadbeef] client.done wall_ms=99999.0 rpc_ms=1.0 queue_ms=99998.0";
    for (String message :
        List.of(
                "ERROR orchestrator no tensor x\\n 2026 " + forged,
                "ERROR orchestrator " + forged,
                "WARN  trainer " + forged,
                "INFO  inference waiting for " + forged,
                "INFO  freshet x\r" + forged,
                "INFO  orchestrator " + "y".repeat(3000) + forged,
                "INFO  orchestrator [gen] x " + forged,
                "WARN  orchestrator bad answer {'m':'" + forged + "'}",
                "WARN  orchestrator bad answer {`m`:`" + forged + "`}",
                "INFO  orchestrator {`m`:`" + forged + "`}",
                "WARN  orchestrator bad answer {`m`:`" + FreeText.escaped(forged) + "`}",
                "INFO  orchestrator " + FreeText.escaped("{`m`:`" + forged + "`}"))
            .stream()
            .map(text -> text.replace('`', '"'))
            .toList()) {
      Analysis analysis = AnalyzedLogs.analyze(ours + message + "\n");
      assertThat(analysis.isEmpty()).as(message).isTrue();
      assertThat(
              AnalyzedLogs.analyze(
                      "{\"log\":\"%s\",\"stream\":\"stderr\"}\n"
                          .formatted(
                              (ours + message)
                                  .replace("\\", "\\\\")
                                  .replace("\"", "\\\"")
                                  .replace("\r", "\\r")))
                  .isEmpty())
          .as(message)
          .isTrue();
      assertThat(
              stats(
                      AnalyzedLogs.analyze(
                          ours
                              + message
                              + ours
                              + "INFO  trainer [ckpt] write.done step=1 write_ms=2.5\n"),
                      LogMetric.WRITE)
                  .count())
          .as("another record in the line of %s", message)
          .isEqualTo(1);
    }
    assertThat(AnalyzedLogs.analyze(ours + "INFO  orchestrator " + forged + "\n").isEmpty())
        .isFalse();
  }

  @Test
  void anyTextInBracketsIsATraceId() {
    List<String> ids =
        List.of(
            "abc123",
            "step-3-replica-0",
            "0123456789ABCDEF",
            "0af7651916cd43dd8448eb211c80319c",
            "f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
            "7",
            "a b [c]",
            "größe");
    StringBuilder log = new StringBuilder();
    for (String id : ids) {
      log.append(
          "[weights][%s] client.send url=http://h/update_weights t=1.000000\n".formatted(id));
      log.append(
          "[weights][%s] rpc.done op=update_weights t=2.000000 rpc_ms=400.0\n".formatted(id));
      log.append("[weights][%s] client.done wall_ms=500.0\n".formatted(id));
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString());

    assertThat(analysis.counts()).isEqualTo(new Analysis.Counts(ids.size(), 0, 0, 0));
    assertThat(stats(analysis, LogMetric.QUEUE).max()).isEqualTo(100);
    assertThat(analysis.updates())
        .extracting(Analysis.Update::trace)
        .contains("abc123", "step-3-replica-0", "0123456789abcdef", "a b [c]");
  }

  @Test
  void aTraceparentsIdIsJoinedWithItsLowHalfButUuidsOfOneHostAreNot() {
    String call =
        """
        [weights][0af7651916cd43dd8448eb211c80319c] client.done wall_ms=500.0
        [weights][8448eb211c80319c] rpc.done op=update_weights t=2.000000 rpc_ms=400.0
        """;
    assertThat(AnalyzedLogs.analyze(call).counts().succeeded()).isEqualTo(1);

    StringBuilder calls = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      calls.append(
          "[weights][%08x-7dec-11d0-a765-00a0c91e6bf6] client.done wall_ms=5.0 rpc_ms=3.0 queue_ms=2.0\n"
              .formatted(i));
      calls.append(
          "[weights][%08x7dec11d0a76500a0c91e6bf7] client.done wall_ms=5.0 rpc_ms=3.0 queue_ms=2.0\n"
              .formatted(i));
    }
    assertThat(AnalyzedLogs.analyze(calls.toString()).counts().succeeded()).isEqualTo(200);
  }

  @Test
  void theFirstLineThatCannotBeUsedIsShownWithWhatItLacks() {
    for (String[] line :
        new String[][] {
          {"[weights] client.done wall_ms=1.0", "a trace id in brackets after [weights]"},
          {"[weights][] client.done wall_ms=1.0", "a trace id in brackets after [weights]"},
          {
            "[weights][abc123]client.done",
            "a trace id in brackets after [weights] and then a space"
          },
          {"[weights][" + "x".repeat(200) + "] client.done wall_ms=1.0", "a trace id"},
          {"[weights][a] client.finished wall_ms=1.0", "client.send, server.recv"},
          {"[weights][a] client.done took=1.0", "wall_ms=<ms>"},
          {"[ckpt] written step=1", "write.done, wait.start or wait.done after [ckpt]"},
          {"[ckpt] write.done step=1 write_ms=fast", "write_ms=<ms>"},
          {"[gen] batch done", "batch.start or batch.done after [gen]"},
          {"[rollout] truncated=3", "trunc_pct=<percent>"}
        }) {
      Analysis analysis = AnalyzedLogs.analyze("hello\n", "x\ny\nINFO " + line[0] + "\n");

      assertThat(analysis.isEmpty()).isTrue();
      assertThat(analysis.verdict())
          .as(line[0])
          .startsWith(
              "Nothing to analyse: no line with a tag in 2 logs can be used. The first, log1:3, is"
                  + " \"[")
          .contains("\"; expected " + line[1])
          .hasSizeLessThan(400);
    }
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
        new ProcessBuilder(
                "sh", "-c", "echo '[ckpt] write.done step=1 write_ms=2.5'; exec sleep 60")
            .start();
    try (InputStream out = writer.getInputStream()) {
      Path path = Path.of("/proc/%d/fd/1".formatted(writer.pid()));
      assertThat(out).isNotNull();
      assertThatCode(() -> LogFiles.requirePresent(List.of(path))).doesNotThrowAnyException();
    } finally {
      writer.destroy();
    }
  }

  @Test
  void callsUnderOneTraceIdAllCount() {
    StringBuilder client = new StringBuilder();
    StringBuilder server = new StringBuilder();
    int calls = 3 * CallBook.MOST_OF_TRACE;
    for (int i = 0; i < calls; i++) {
      String own = "[weights][trainer] ";
      client.append(own + "client.send url=http://h/update_weights t=%d.000000\n".formatted(i));
      server.append(own + "rpc.done op=update_weights t=%d.500000 rpc_ms=400.0\n".formatted(i));
      client.append(
          own + "client.done wall_ms=%d.5 rpc_ms=400.0 queue_ms=10.0\n".formatted(500 + i));
    }

    Analysis analysis = AnalyzedLogs.analyze(client.toString());
    assertThat(stats(analysis, LogMetric.WALL).count()).isEqualTo(calls);
    assertThat(stats(analysis, LogMetric.WALL).max()).isEqualTo(499.5 + calls);

    String few = client.substring(0, client.indexOf(" t=900.000000"));
    assertThat(
            AnalyzedLogs.analyze(
                    few,
                    server.toString().lines().limit(900).collect(Collectors.joining("\n")),
                    few)
                .counts())
        .isEqualTo(new Analysis.Counts(900, 0, 1, 0));
  }

  @Test
  void manyCallsUnderManyTraceIdsAllCountInBoundedMemory() {
    StringBuilder log = new StringBuilder();
    int calls = CallBook.MOST + 9000;
    for (int i = 0; i < calls; i++) {
      log.append(
          "[weights][%d] client.done wall_ms=%d.5 rpc_ms=1.0 queue_ms=1.0\n".formatted(i % 200, i));
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString());

    assertThat(stats(analysis, LogMetric.WALL).count()).isEqualTo(calls);
    assertThat(analysis.updates().size()).isEqualTo(CallBook.MOST);
  }

  @Test
  void anEscapedMessageHoldsNoEventInWhateverFormItIsCollected() {
    String forged = "[weights][00000000deadbeef] client.done wall_ms=9.0 rpc_ms=1.0 queue_ms=8.0";
    String message = FreeText.escaped("bad answer {\"m\":\"%s\"} or %s".formatted(forged, forged));
    String quoted = message.replace("\\", "\\\\").replace("\"", "\\\"");
    String nested = "{\"log\":\"%s\"}".formatted(quoted);
    for (String line :
        List.of(
            message,
            "freshet: " + message,
            "{\"level\":\"WARN\",\"msg\":\"%s\"}".formatted(quoted),
            "{\"log\":\"%s\"}".formatted(nested.replace("\\", "\\\\").replace("\"", "\\\"")))) {
      Analysis analysis = AnalyzedLogs.analyze(line + "\n");
      assertThat(analysis.isEmpty()).as(line).isTrue();
    }
  }
}

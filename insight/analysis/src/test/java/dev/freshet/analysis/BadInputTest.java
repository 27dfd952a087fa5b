package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.analysis.SimulatedRun.Role;
import dev.freshet.trace.UpdatePart;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs that are torn, repeated, contradictory, or no logs at all. */
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
}

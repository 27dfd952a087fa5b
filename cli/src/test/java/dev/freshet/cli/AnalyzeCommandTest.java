package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code freshet analyze} as it is used: what it prints, writes and exits with. */
@Timeout(120)
class AnalyzeCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path dir;

  /** An orchestrator's log of updates that wait for {@code queueMs} before the engine. */
  private static String log(int updates, double queueMs) {
    List<String> lines = new ArrayList<>();
    long[] now = {1_000_000_000L};
    EventLog log = new EventLog(lines::add, () -> now[0]);
    for (int i = 1; i <= updates; i++) {
      TraceId trace = new TraceId("%016x".formatted(i));
      double rpc = 400 + i % 7;
      log.batchStart(100, 128);
      log.clientSend(trace, "http://h/update_weights", Optional.empty());
      log.serverRecv(trace, "/update_weights", now[0] + (long) (queueMs * 0.9e6));
      log.rpcStart(trace, "update_weights", "all", now[0] + (long) (queueMs * 0.95e6));
      log.rpcDone(
          trace, "update_weights", "all", now[0] + (long) (queueMs * 0.95e6 + rpc * 1e6), rpc);
      now[0] += (long) ((queueMs + rpc) * 1e6);
      log.clientDone(
          new AdminTimings(
              trace,
              "update_weights",
              "http://h/update_weights",
              PartTimes.NONE
                  .with(UpdatePart.WALL, queueMs + rpc)
                  .with(UpdatePart.CONNECT, 1)
                  .with(UpdatePart.RPC, rpc)));
      log.batchDone(128, 2000, 100);
      log.rollouts(2, i, i - 1);
      now[0] += 3_000_000_000L;
    }
    return String.join("\n", lines) + "\n";
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(dir.resolve(name), text);
  }

  @Test
  void aHealthyLogIsReportedAsHealthy() throws IOException {
    Path log = write("run.log", log(20, 8));

    CommandLineRun run = CommandLineRun.of("analyze", log.toString());

    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .startsWith("healthy: 20 updates with a queue_ms of 8.00 ms")
        .contains("queue_ms", "slowest updates", "run.log:");
  }

  @Test
  void theJsonHasTheDocumentedShape() throws IOException {
    Path log = write("run.log", log(20, 9000));

    CommandLineRun run = CommandLineRun.of("analyze", log.toString(), "--format", "json");

    JsonNode report = JSON.readTree(run.out());
    assertThat(report.at("/metrics/queue_ms").propertyNames())
        .containsExactly(
            "count",
            "mean",
            "stddev",
            "min",
            "p50",
            "p90",
            "p95",
            "p99",
            "max",
            "good",
            "warning",
            "critical");
    assertThat(report.at("/metrics/queue_ms/p50").asDouble()).isEqualTo(9000);
    assertThat(report.at("/metrics/queue_ms/critical").asDouble()).isEqualTo(1);
    JsonNode finding = report.at("/findings/0");
    assertThat(finding.propertyNames())
        .contains("signature", "severity", "confidence", "evidence", "advice");
    assertThat(finding.at("/signature").asString()).isEqualTo("front-end-queue");
    assertThat(finding.at("/severity").asString()).isEqualTo("critical");
    assertThat(finding.at("/confidence").asDouble()).isBetween(0.8, 1.0);
    assertThat(report.at("/verdict").asString()).startsWith("front-end-queue (critical): ");
    assertThat(report.at("/metrics/write_ms/count").asInt()).isZero();
    assertThat(report.at("/metrics/write_ms/mean").isNull()).isTrue();
  }

  @Test
  void theOutputDirectoryHasEveryFile() throws IOException {
    Path log = write("run.log", log(20, 9000));
    Path out = dir.resolve("made/for/it");

    CommandLineRun run = CommandLineRun.of("analyze", log.toString(), "--out", out.toString());

    assertThat(run.exitCode()).isZero();
    for (String name :
        List.of(
            "SUMMARY.md",
            "report.html",
            "report.json",
            "queue_ms_stats.txt",
            "rpc_ms_stats.txt",
            "ckpt_wait_stats.txt",
            "ckpt_write_stats.txt",
            "gen_batch_stats.txt",
            "truncation_stats.txt",
            "staleness_stats.txt",
            "slowest_updates.txt",
            "timeline.txt")) {
      assertThat(out.resolve(name)).isNotEmptyFile();
    }
    assertThat(out.resolve("report.html"))
        .content()
        .contains("<svg", "front-end-queue")
        .doesNotContain("<script", "http-equiv", "<link", "src=", "NaN");
    assertThat(
            JSON.readTree(Files.readString(out.resolve("report.json"))).at("/verdict").asString())
        .startsWith("front-end-queue");
  }

  @Test
  void failOnFailsFromTheGivenSeverityUp() throws IOException {
    String bad = write("bad.log", log(20, 9000)).toString();
    String slow = write("slow.log", log(20, 500)).toString();
    String good = write("good.log", log(20, 8)).toString();

    assertThat(CommandLineRun.of("analyze", bad, "--fail-on", "critical").exitCode()).isEqualTo(3);
    assertThat(CommandLineRun.of("analyze", slow, "--fail-on", "critical").exitCode()).isZero();
    assertThat(CommandLineRun.of("analyze", slow, "--fail-on", "warning").exitCode()).isEqualTo(3);
    assertThat(CommandLineRun.of("analyze", good, "--fail-on", "warning").exitCode()).isZero();
  }

  @Test
  void twoRunsAreCompared() throws IOException {
    String before = write("before.log", log(20, 9000)).toString();
    String after = write("after.log", log(30, 9)).toString();

    CommandLineRun text = CommandLineRun.of("analyze", "--compare", before, after);
    CommandLineRun json =
        CommandLineRun.of("analyze", "--compare", before, after, "--format", "json");

    assertThat(text.exitCode()).isZero();
    assertThat(text.out())
        .containsPattern("queue_ms +20 +30 +9,000 +9\\.00 +0\\.00")
        .containsPattern("front-end-queue +critical \\d\\.\\d+ +-");
    JsonNode report = JSON.readTree(json.out());
    assertThat(report.at("/ratio/queue_ms/p50").asDouble()).isEqualTo(0.001);
    assertThat(report.at("/b/verdict").asString()).startsWith("healthy");
  }

  @Test
  void standardInputIsReadAsALog() {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(log(20, 8).getBytes(StandardCharsets.UTF_8)));
    try {
      CommandLineRun run = CommandLineRun.of("analyze", "-");

      assertThat(run.out()).startsWith("healthy: 20 updates").contains("standard input:");
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void theMostLogsReadAtOnceFitIntoMemory() throws Exception {
    Path logs = Files.createDirectory(dir.resolve("logs"));
    for (int i = 0; i < 2000; i++) {
      Files.writeString(
          logs.resolve(i + ".log"), "[ckpt] write.done step=%d write_ms=%d.0\n".formatted(i, i));
    }
    try (ChildProcess child = ChildProcess.start(dir, "analyze", logs.toString())) {
      assertThat(child.awaitEnd()).isZero();

      assertThat(child.out()).contains("2000 logs: 2,000 lines");
    }
  }

  @Test
  void aGrowingLogIsFollowedAndAChangedVerdictIsPrinted() throws Exception {
    Path log = write("live.log", log(20, 8));

    try (ChildProcess child = ChildProcess.start(dir, "analyze", "--follow", log.toString())) {
      child.awaitOut("healthy: 20 updates");
      Files.writeString(
          log, log(60, 9000).substring(log(20, 9000).length()), StandardOpenOption.APPEND);
      child.awaitOut("front-end-queue (critical)");
      child.signal("INT");
      child.awaitEnd();
      assertThat(child.out().lines()).hasSize(2);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          analyze                                | 2 | Missing required parameter: 'LOG'
          analyze absent.log                     | 1 | absent.log: not found, expected a log file or a directory
          analyze x.log --format xml             | 2 | --format xml: expected text, json or html
          analyze x.log --fail-on bad            | 2 | --fail-on bad: expected warning or critical
          analyze x.log --model-size large       | 2 | --model-size large: expected a number of parameters such as 7b
          analyze x.log --async-level -1         | 2 | --async-level -1: expected 0 or more
          analyze x.log --async-level two        | 2 | Invalid value for option '--async-level'
          analyze x.log --formt json             | 2 | argument '--formt': expected an option of analyze or a log
          analyze --compare x.log                | 2 | --compare: expected two logs or directories
          analyze --follow x.log --format json   | 2 | --follow: prints only verdicts
          analyze - x.log                        | 2 | -: expected no other log
          """)
  void failuresAreOneLine(String line, int exitCode, String expected) {
    CommandLineRun run = CommandLineRun.of(line.split(" "));

    assertThat(run.err()).startsWith("freshet: ").contains(expected).endsWith("\n");
    assertThat(run.err().strip()).hasLineCount(1);
    assertThat(run.exitCode()).isEqualTo(exitCode);
  }

  @Test
  void aLogWithoutEventsFailsAndNamesWhatWasExpected() throws IOException {
    String log = write("other.log", "hello\n").toString();

    CommandLineRun text = CommandLineRun.of("analyze", log);
    CommandLineRun json = CommandLineRun.of("analyze", log, "--format", "json");

    assertThat(text.exitCode()).isEqualTo(1);
    assertThat(text.out()).isEmpty();
    assertThat(text.err())
        .startsWith("freshet: Nothing to analyse: no tagged line in other.log")
        .hasLineCount(1);
    assertThat(json.exitCode()).isEqualTo(1);
    assertThat(JSON.readTree(json.out()).at("/verdict").asString())
        .startsWith("Nothing to analyse");
  }
}

package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.ObjectMapper;

class TraceCommandTest {
  private static final String LOG =
      """
      2026-01-02T03:00:00.500Z INFO  trainer [ckpt] write.done step=7 write_ms=40.0
      2026-01-02T03:00:01.500Z INFO  orchestrator [weights][00000000000000aa] client.send url=http://a:1/update_weights path=/w/step_7 t=10.000000
      """;

  @TempDir Path dir;

  private Path log = Path.of("");

  @BeforeEach
  void record() throws IOException {
    Path logs = Files.createDirectories(dir.resolve("run/logs"));
    log = Files.writeString(logs.resolve("all.log"), LOG);
  }

  @Test
  void aPartialRunHasATraceAndItsMissingPartsAreNamed() {
    CommandLineRun traced = CommandLineRun.of("trace", dir.resolve("run").toString());

    assertThat(traced.exitCode()).isZero();
    assertThat(dir.resolve("run/report/trace.json"))
        .content()
        .contains("update_weights v7", "write v7");
    assertThat(traced.out()).contains("trace.json: updates 1, servers 0, batches 0");
    assertThat(traced.err().lines())
        .allMatch(line -> line.startsWith("freshet trace: "))
        .contains(
            "freshet trace: 1 admin call without an end",
            "freshet trace: no metrics/*.jsonl beside these logs: no training steps and no reward");
  }

  @Test
  void standardOutputHasOnlyTheTrace() throws IOException {
    Path metrics = Files.createDirectories(dir.resolve("run/metrics"));
    Files.writeString(metrics.resolve("trainer.jsonl"), "{\"kind\":\"train\",\"step\":7}\n");

    CommandLineRun traced = CommandLineRun.of("trace", log.toString(), "--out", "-");

    assertThat(traced.exitCode()).isZero();
    assertThat(new ObjectMapper().readTree(traced.out()).path("traceEvents").size()).isPositive();
    assertThat(traced.out()).contains("step 7");
  }

  @Test
  void badInputIsReportedInOneLine() throws IOException {
    Path empty = Files.writeString(dir.resolve("empty.log"), "nothing\n");

    refused(1, "absent: not found, expected a log file or a directory", "absent", "--out=-");
    refused(1, "Nothing to analyse: no tagged line in empty.log", empty.toString(), "--out=-");
    refused(2, "--out is missing: expected --out FILE or --out -", log.toString());
    refused(2, "argument '--ouch': expected --out, a run's directory or logs", "--ouch");
    refused(
        1,
        log + "/x/trace.json: cannot be written: ",
        log.toString(),
        "--out=" + log + "/x/trace.json");
  }

  private static void refused(int exitCode, String expected, String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "trace";
    System.arraycopy(arguments, 0, all, 1, arguments.length);

    CommandLineRun run = CommandLineRun.of(all);

    assertThat(run.err()).startsWith("freshet: ").contains(expected);
    assertThat(run.err().strip()).hasLineCount(1);
    assertThat(run.exitCode()).isEqualTo(exitCode);
  }
}

package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigLoader;
import dev.freshet.http.HttpConfig;
import dev.freshet.lab.swap.RandomCheckpoints;
import dev.freshet.lab.swap.SwapShape;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.server.InferenceConfig;
import dev.freshet.server.InferenceServer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code freshet update} against a real server on a real model. */
@Timeout(120)
class UpdateCommandTest {
  @TempDir Path dir;

  private List<Path> checkpoints = List.of();
  private Path token = Path.of("");
  private InferenceServer server;

  @BeforeEach
  void serve() throws Exception {
    checkpoints = new RandomCheckpoints(SwapShape.named("tiny").config()).publish(dir, 3);
    token = Files.writeString(dir.resolve("token"), "open-sesame\n");
    InferenceConfig guarded =
        ConfigLoader.with(
            ConfigLoader.defaults(InferenceConfig.class).onFreePorts(),
            Map.of(
                "admin_token_file", token.toString(),
                "model_name", "tiny",
                "max_sequences", "2",
                "max_model_len", "64"));
    server =
        InferenceServer.start(
            checkpoints.getFirst(),
            guarded,
            HttpConfig.DEFAULT,
            new EventLog(line -> {}, MonotonicClock.SYSTEM),
            new MetricsRegistry(),
            Optional.empty());
  }

  @AfterEach
  void end() {
    server.close();
  }

  @Test
  void anUpdateIsPreparedCommittedAndRolledBackByHandWithItsTimings() {
    CommandLineRun prepared = update("--weights", checkpoints.get(2).toString(), "--phase=prepare");
    assertThat(prepared.err()).isEmpty();
    assertThat(prepared.exitCode()).isZero();
    assertThat(line(prepared, "version")).endsWith(" 0");
    assertThat(line(prepared, "prepared")).endsWith(" 2");
    assertThat(prepared.out())
        .contains("verify_ms", "connect_ms", "answer_ms")
        .doesNotContain("swap_ms");

    CommandLineRun committed = update("--phase=commit", "--step=2", "--mode=recompute");
    assertThat(line(committed, "version")).endsWith(" 2");
    assertThat(committed.out()).contains("swap_ms", "stall_ms").doesNotContain("verify_ms");

    assertThat(line(update("--phase=rollback"), "version")).endsWith(" 0");
    assertThat(line(update("--weights", checkpoints.get(1).toString()), "version")).endsWith(" 1");
  }

  @Test
  void theEventsOfAnUpdateAreInTheLogFileThatAnalyzeReads() throws Exception {
    Path log = dir.resolve("update.log");
    CommandLineRun done =
        update(
            "--weights=" + checkpoints.get(2),
            "--step=2",
            "--journal=" + dir.resolve("updates.jsonl"),
            "--log=" + log);

    assertThat(done.exitCode()).as(done.err()).isZero();
    assertThat(Files.readString(log))
        .containsPattern(" INFO  freshet \\[fleet\\] update\\.done version=2 outcome=committed")
        .containsPattern(" INFO  freshet \\[weights\\]\\[[0-9a-f]{16}\\] client\\.done");
    CommandLineRun analyzed = CommandLineRun.of("analyze", log.toString());
    assertThat(analyzed.out()).contains("newest updates of the fleet", "v2  committed");
  }

  @Test
  void aRejectedUpdateIsOneLineAndFailsTheCommand() {
    update("--weights", checkpoints.get(2).toString());
    CommandLineRun older = update("--weights", checkpoints.get(1).toString());
    assertThat(older.exitCode()).isEqualTo(1);
    assertThat(older.out()).isEmpty();
    assertThat(older.err())
        .startsWith("freshet: POST http://")
        .endsWith(
            "HTTP 409: step 1 is older than the serving version 2: expected that version, a newer one, or"
                + " force\n");
    assertThat(update("--weights", checkpoints.get(1).toString(), "--force").exitCode()).isZero();

    CommandLineRun stranger =
        CommandLineRun.of(
            "update", "--server", server.adminUrl().toString(), "--phase", "rollback");
    assertThat(stranger.exitCode()).isEqualTo(1);
    assertThat(stranger.err()).contains("HTTP 401").doesNotContain("open-sesame");
  }

  @Test
  void impossibleArgumentsAreRejected() {
    assertUsage("--weights: expected a directory, got nothing");
    assertUsage("--mode: expected one of keep, recompute, drain, abort, got 'x'", "--mode=x");
    assertUsage(
        "expected every URL only once", "--weights=" + dir, "--server=" + server.adminUrl());
    assertUsage("--within 0: expected at least 1", "--within=0");
    assertUsage("cannot be read", "--phase=rollback", "--admin-token-file=" + dir.resolve("none"));
  }

  private void assertUsage(String message, String... arguments) {
    CommandLineRun run = update(arguments);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).startsWith("freshet: ").contains(message).hasLineCount(1);
  }

  private CommandLineRun update(String... arguments) {
    List<String> all = new ArrayList<>(List.of("update"));
    all.addAll(List.of("--server", server.adminUrl().toString()));
    all.add("--admin-token-file=" + token);
    for (String argument : arguments) {
      if (argument.startsWith("--admin-token-file")) {
        all.remove("--admin-token-file=" + token);
      }
      all.add(argument);
    }
    return CommandLineRun.of(all.toArray(String[]::new));
  }

  private static String line(CommandLineRun run, String name) {
    return run.out()
        .lines()
        .filter(l -> l.strip().startsWith(name + " "))
        .findFirst()
        .orElse(run.err());
  }

  @Test
  void whatOtherProgramsCannotDoIsRejected() {
    CommandLineRun noStep =
        CommandLineRun.of(
            "update", "--server=http://127.0.0.1:1", "--backend=vllm", "--weights=" + dir);
    assertThat(noStep.exitCode()).isEqualTo(2);
    assertThat(noStep.err())
        .contains("--step: expected the version of the checkpoint for a vllm server");

    CommandLineRun prepare =
        CommandLineRun.of(
            "update",
            "--server=http://127.0.0.1:1",
            "--backend=sglang",
            "--weights=" + dir,
            "--step=3",
            "--phase=prepare");
    assertThat(prepare.exitCode()).isEqualTo(2);
    assertThat(prepare.err()).contains("--phase: expected all for a sglang server");
  }
}

package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A cause that is planted in a run's logs is found, and nothing else. */
class DiagnosisTest {
  @TempDir Path dir;

  private static Analysis planted(Consumer<SimulatedRun> cause) {
    SimulatedRun run = new SimulatedRun(7);
    cause.accept(run);
    return AnalyzedLogs.analyze(AnalyzedLogs.asyncLevel(1), run.run());
  }

  private static Finding only(Analysis analysis, Signature signature, Severity severity) {
    assertThat(AnalyzedLogs.grave(analysis)).as(analysis.verdict()).containsExactly(signature);
    Finding finding = analysis.findings().getFirst();
    assertThat(finding.severity()).isEqualTo(severity);
    assertThat(finding.evidence())
        .isNotEmpty()
        .anyMatch(line -> line.matches("(?s).*log\\d:\\d+.*"));
    assertThat(finding.advice()).isNotEmpty();
    assertThat(analysis.verdict())
        .startsWith(signature.label() + " (" + severity.label() + "): ")
        .endsWith(".")
        .doesNotContain("healthy");
    return finding;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void aRunWithNothingWrongIsHealthy(long seed) {
    Analysis analysis =
        AnalyzedLogs.analyze(AnalyzedLogs.asyncLevel(1), new SimulatedRun(seed).run());

    assertThat(analysis.findings()).isEmpty();
    assertThat(analysis.verdict()).startsWith("healthy: 60 updates");
  }

  @ParameterizedTest
  @EnumSource(SimulatedRun.Style.class)
  void aRunWithNothingWrongIsHealthyWithAnyPrefixes(SimulatedRun.Style style) {
    SimulatedRun run = new SimulatedRun(3);
    run.styles.replaceAll((_, _) -> style);
    run.serverAheadS = -1234.5;

    Analysis analysis = AnalyzedLogs.analyze(AnalyzedLogs.asyncLevel(1), run.run());

    assertThat(analysis.findings()).isEmpty();
    assertThat(analysis.verdict()).startsWith("healthy: 60 updates");
  }

  @Test
  void requestsThatWaitBeforeTheServerAreAFrontEndQueue() {
    Finding finding =
        only(
            planted(run -> run.gapMs = step -> run.about(step % 3 == 0 ? 4 : 12_000)),
            Signature.FRONT_END_QUEUE,
            Severity.CRITICAL);

    assertThat(finding.confidence()).isGreaterThan(0.8);
    assertThat(finding.evidence()).anyMatch(e -> e.contains("does not get to the server"));
    assertThat(finding.advice()).contains("admin lane");
  }

  @Test
  void aFrontEndQueueIsFoundFromTheOrchestratorsLogOnly() {
    SimulatedRun run = new SimulatedRun(7);
    run.gapMs = _ -> run.about(600);
    run.rpcMs = _ -> run.about(40);

    Analysis analysis = AnalyzedLogs.analyze(run.run().log(SimulatedRun.Role.ORCHESTRATOR));

    Finding finding = only(analysis, Signature.FRONT_END_QUEUE, Severity.WARNING);
    assertThat(finding.evidence()).anyMatch(e -> e.contains("no server.recv"));
  }

  @Test
  void confidenceInAQueueIsHigherWhenItGrowsWithTheStreams() {
    Finding loaded =
        only(
            planted(
                run -> {
                  double[] load = new double[1];
                  run.inflight = batch -> load[0] = batch / 10 % 2 == 0 ? 10 : 900;
                  run.gapMs = step -> run.about(9000);
                }),
            Signature.FRONT_END_QUEUE,
            Severity.CRITICAL);
    Finding idle =
        only(
            planted(
                run -> {
                  run.inflight = _ -> 0;
                  run.gapMs = step -> run.about(9000);
                }),
            Signature.FRONT_END_QUEUE,
            Severity.CRITICAL);

    assertThat(idle.evidence()).anyMatch(e -> e.contains("No completion was in flight"));
    assertThat(idle.confidence()).isLessThan(loaded.confidence());
  }

  @Test
  void aSlowOperationIsAnEngineReload() {
    Finding finding =
        only(
            planted(run -> run.rpcMs = _ -> run.about(7000)),
            Signature.ENGINE_RELOAD,
            Severity.CRITICAL);

    assertThat(finding.evidence()).anyMatch(e -> e.contains("does not depend on the completions"));
    assertThat(finding.confidence()).isGreaterThan(0.8);
  }

  @Test
  void anOperationIsJudgedByTheModelsSize() {
    SimulatedRun run = new SimulatedRun(7);
    run.rpcMs = _ -> run.about(900);
    run.run();

    assertThat(AnalyzedLogs.grave(AnalyzedLogs.analyze(AnalyzedLogs.asyncLevel(1), run))).isEmpty();
    assertThat(
            AnalyzedLogs.grave(
                AnalyzedLogs.analyze(new AnalyzeOptions(Optional.of(1.1), Optional.of(1)), run)))
        .containsExactly(Signature.ENGINE_RELOAD);
  }

  @Test
  void anOperationThatBecomesSlowerIsATrendAndNotAnEngineReload() {
    Analysis analysis = planted(run -> run.rpcMs = step -> run.about(300 + 60 * step));

    Finding finding = only(analysis, Signature.RPC_TREND, Severity.WARNING);
    assertThat(finding.what()).startsWith("rpc_ms rises over the run");
    assertThat(analysis.trend().orElseThrow().growth()).isBetween(2500.0, 4500.0);
  }

  @Test
  void aSlowDiskIsCheckpointWrite() {
    only(
        planted(
            run -> {
              run.writeMs = _ -> run.about(8000);
              run.waitMs = _ -> run.about(6000);
            }),
        Signature.CHECKPOINT_WRITE,
        Severity.CRITICAL);
  }

  @Test
  void anUnnoticedCheckpointIsCheckpointWaitOfTheOrchestrator() {
    Finding finding =
        only(
            planted(
                run -> {
                  run.pollMs = _ -> run.about(4000);
                  run.waitMs = _ -> run.about(4200);
                }),
            Signature.CHECKPOINT_WAIT,
            Severity.CRITICAL);

    assertThat(finding.advice()).contains("watches the directory");
  }

  @Test
  void aLateCheckpointIsCheckpointWaitOfTheTrainer() {
    Finding finding =
        only(
            planted(run -> run.waitMs = _ -> run.about(3000)),
            Signature.CHECKPOINT_WAIT,
            Severity.CRITICAL);

    assertThat(finding.advice()).contains("trainer's step");
  }

  @Test
  void aSlowDiskDoesNotHideAnUnnoticedCheckpoint() {
    StringBuilder log = new StringBuilder();
    for (int step = 1; step <= 20; step++) {
      line(log, step * 20_000L, "[ckpt] write.done step=%d write_ms=2200.0", step);
      line(log, step * 20_000L + 6400, "[ckpt] wait.done target_step=%d wait_ms=4400.0", step);
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString());

    assertThat(AnalyzedLogs.grave(analysis))
        .containsExactlyInAnyOrder(Signature.CHECKPOINT_WRITE, Signature.CHECKPOINT_WAIT);
    assertThat(analysis.findings())
        .anyMatch(finding -> finding.advice().contains("watches the directory"));
  }

  @Test
  void aTrainersClockThatIsBehindDoesNotMakeASlowDiskAnUnnoticedCheckpoint() {
    StringBuilder trainer = new StringBuilder();
    StringBuilder orchestrator = new StringBuilder();
    for (int step = 1; step <= 20; step++) {
      line(trainer, step * 20_000L - 10_000, "[ckpt] write.done step=%d write_ms=2200.0", step);
      line(
          orchestrator, step * 20_000L + 5, "[ckpt] wait.done target_step=%d wait_ms=1900.0", step);
    }

    Analysis analysis = AnalyzedLogs.analyze(orchestrator.toString(), trainer.toString());

    assertThat(AnalyzedLogs.grave(analysis)).containsExactly(Signature.CHECKPOINT_WRITE);
  }

  @Test
  void checkpointsOfSeveralRunsInOneLogAreNotConfused() {
    StringBuilder log = new StringBuilder();
    for (int run = 0; run < 2; run++) {
      for (int step = 1; step <= 20; step++) {
        long written = step * 20_000L + run * 500_000L;
        line(log, written, "[ckpt] write.done step=%d write_ms=300.0", step);
        line(log, written + 2000, "[ckpt] wait.start target_step=%d", step);
        line(log, written + 8000, "[ckpt] wait.done target_step=%d wait_ms=6000.0", step);
      }
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString());

    Finding finding = only(analysis, Signature.CHECKPOINT_WAIT, Severity.CRITICAL);
    assertThat(finding.evidence())
        .anyMatch(evidence -> evidence.contains("was there unnoticed for a median of 8,000 ms"));
    assertThat(analysis.notes()).noneMatch(note -> note.contains("time zone"));
  }

  private static void line(StringBuilder log, long millis, String event, int step) {
    log.append(Instant.ofEpochMilli(1_767_323_045_000L + millis))
        .append(" INFO ")
        .append(event.formatted(step))
        .append('\n');
  }

  @Test
  void aTrendSpansTheRotatedFilesOfALog() throws Exception {
    StringBuilder log = new StringBuilder();
    for (int step = 0; step < 60; step++) {
      line(
          log,
          step * 5000L,
          "[weights][%016x] client.send url=http://h/update_weights t="
              + (100 + step * 5)
              + ".000000",
          step + 1);
      line(
          log,
          step * 5000L + 900,
          "[weights][%016x] client.done wall_ms=%2$s rpc_ms=%2$s queue_ms=0.0"
              .replace("%2$s", 700 + step * 8 + ".0"),
          step + 1);
    }
    List<String> lines = log.toString().lines().toList();
    for (int piece = 0; piece < 3; piece++) {
      String name = piece == 2 ? "orch.log" : "orch.log." + (2 - piece);
      Files.write(dir.resolve(name), lines.subList(piece * 40, piece * 40 + 40));
    }

    Analysis analysis = LogAnalysis.of(AnalyzeOptions.NONE, List.of(dir));

    assertThat(AnalyzedLogs.grave(analysis)).containsExactly(Signature.RPC_TREND);
    assertThat(analysis.trend().orElseThrow().count()).isEqualTo(60);
    assertThat(analysis.findings().getFirst().evidence())
        .anyMatch(evidence -> evidence.startsWith("The last: trace 000000000000003c"));
  }

  @Test
  void aSingleValueIsNoFindingButNotHealthyEither() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            "[weights][00000000000000aa] client.done wall_ms=3010.0 rpc_ms=3000.0 queue_ms=10.0\n");

    assertThat(analysis.findings()).isEmpty();
    assertThat(analysis.verdict())
        .isEqualTo("No signature fits, but rpc_ms is not good in 100 % of 1 value.");
  }

  @Test
  void withoutTheTrainersLogALongWaitSaysWhatIsMissing() {
    SimulatedRun run = new SimulatedRun(7);
    run.waitMs = _ -> run.about(3000);

    Analysis analysis =
        AnalyzedLogs.analyze(
            AnalyzedLogs.asyncLevel(1), run.run().log(SimulatedRun.Role.ORCHESTRATOR));

    assertThat(AnalyzedLogs.grave(analysis)).containsExactly(Signature.CHECKPOINT_WAIT);
    assertThat(analysis.findings().getFirst().advice()).contains("Add the trainer's log");
  }

  @ParameterizedTest
  @EnumSource(
      value = SimulatedRun.Style.class,
      names = {"FRESHET", "EASTERN", "BARE"})
  void slowerBatchesDuringUpdatesAreContention(SimulatedRun.Style style) {
    only(
        planted(
            run -> {
              run.styles.replaceAll((_, _) -> style);
              run.contention = 5;
            }),
        Signature.CONTENTION,
        Severity.CRITICAL);
  }

  @Test
  void aSpikeWithinWhatIsGoodIsContentionToo() {
    only(
        planted(
            run -> {
              run.batchMs = 900;
              run.contention = 4;
            }),
        Signature.CONTENTION,
        Severity.WARNING);
  }

  @Test
  void truncatedCompletionsAreRolloutQuality() {
    only(
        planted(run -> run.truncPct = _ -> run.about(45)),
        Signature.ROLLOUT_QUALITY,
        Severity.CRITICAL);
  }

  @Test
  void rolloutsOverTheBoundAreStaleness() {
    Finding finding =
        only(
            planted(run -> run.staleness = batch -> batch % 2 == 0 ? 1 : 5),
            Signature.STALENESS,
            Severity.CRITICAL);

    assertThat(finding.evidence()).anyMatch(e -> e.startsWith("What it waited for: "));
  }

  @Test
  void rolloutsAtTheBoundOfABlockedPipelineAreARemark() {
    Analysis analysis = planted(run -> run.waitMs = _ -> run.about(3000));

    assertThat(analysis.findings())
        .anySatisfy(
            finding -> {
              assertThat(finding.signature()).isEqualTo(Signature.STALENESS);
              assertThat(finding.severity()).isEqualTo(Severity.GOOD);
            });
  }

  @Test
  void anAssumedBoundIsReported() {
    SimulatedRun run = new SimulatedRun(7);
    run.staleness = _ -> 6;

    Analysis analysis = AnalyzedLogs.analyze(AnalyzeOptions.NONE, run.run());

    Finding finding = only(analysis, Signature.STALENESS, Severity.CRITICAL);
    assertThat(finding.confidence()).isLessThan(0.5);
    assertThat(finding.advice()).contains("--async-level");
  }

  @Test
  void severalCausesAreAllReported() {
    Analysis analysis =
        planted(
            run -> {
              run.gapMs = _ -> run.about(12_000);
              run.writeMs = _ -> run.about(2000);
              run.truncPct = _ -> run.about(15);
            });

    assertThat(AnalyzedLogs.grave(analysis))
        .containsExactlyInAnyOrder(
            Signature.FRONT_END_QUEUE, Signature.CHECKPOINT_WRITE, Signature.ROLLOUT_QUALITY);
    assertThat(analysis.findings().getFirst().signature()).isEqualTo(Signature.FRONT_END_QUEUE);
    assertThat(analysis.verdict()).contains("; also ");
  }

  @Test
  void slowBatchesThatNoUpdateExplainsAreNotHealthy() {
    SimulatedRun run = new SimulatedRun(7);
    run.run();
    String slow = run.log(SimulatedRun.Role.ORCHESTRATOR).replaceAll("dur_ms=\\d+", "dur_ms=20000");

    Analysis analysis = AnalyzedLogs.analyze(slow, run.log(SimulatedRun.Role.INFERENCE));

    assertThat(AnalyzedLogs.grave(analysis)).isEqualTo(List.of());
    assertThat(analysis.verdict()).startsWith("No signature fits, but dur_ms is not good in");
  }
}

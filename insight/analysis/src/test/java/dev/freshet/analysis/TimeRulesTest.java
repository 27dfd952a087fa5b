package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.analysis.report.JsonReport;
import dev.freshet.analysis.report.TextReport;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** What a run waited for is found in its [time] lines. */
class TimeRulesTest {
  /** The lines of {@code steps} steps of a role. */
  private static String log(String role, int steps, String states) {
    StringBuilder log = new StringBuilder();
    for (int step = 1; step <= steps; step++) {
      log.append("2026-01-02T03:04:%02d.000Z INFO  ".formatted(step))
          .append(role.equals("server") ? "orchestrator" : role)
          .append(" [time] step.done role=%s step=%d %s%n".formatted(role, step, states));
    }
    return log.toString();
  }

  private static Finding waited(Analysis analysis) {
    return analysis.findings().stream()
        .filter(finding -> finding.signature() == Signature.WAITED)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void rolesThatTakeTurnsAreToldToWorkAtTheSameTime() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            log(
                "orchestrator",
                9,
                "wall_ms=1000.0 generating_ms=350.0 held_ms=640.0 other_ms=10.0"),
            log("trainer", 9, "wall_ms=1000.0 batch_ms=450.0 training_ms=550.0 other_ms=0.0"));

    Finding finding = waited(analysis);
    assertThat(finding.what())
        .isEqualTo(
            "the run is slower than it could be: 64 % of the orchestrator's time went to weights"
                + " newer than those that are served");
    assertThat(finding.severity()).isEqualTo(Severity.GOOD);
    assertThat(finding.evidence())
        .containsExactly(
            "orchestrator, over 9 steps: held 64 %, generating 35 %, other 1.0 % (log0:1).",
            "trainer, over 9 steps: training 55 %, batch 45 % (log1:1).");
    assertThat(finding.advice()).contains("take turns", "orchestrator.async_level");
  }

  @Test
  void aRunWhoseTwoIdleRatiosAreZeroIsBoundByItsTrainer() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            log(
                "orchestrator",
                5,
                "wall_ms=1000.0 generating_ms=150.0 updating_ms=200.0 held_ms=650.0 other_ms=0.0"),
            log("trainer", 5, "wall_ms=1000.0 batch_ms=0.0 training_ms=800.0 publishing_ms=200.0"));

    assertThat(waited(analysis).what()).contains("65 % of the orchestrator's time");
    assertThat(waited(analysis).advice()).contains("trains all the time");
  }

  @Test
  void aTrainerThatWaitsWhileCompletionsRunNeedsMoreServers() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            log("orchestrator", 5, "wall_ms=1000.0 generating_ms=990.0 held_ms=0.0 other_ms=10.0"),
            log("trainer", 5, "wall_ms=1000.0 batch_ms=700.0 training_ms=300.0"));

    assertThat(waited(analysis).what()).contains("70 % of the trainer's time went to batches");
    assertThat(waited(analysis).advice()).contains("more or faster servers");
  }

  @Test
  void aRunThatOnlyWorksHasNoFinding() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            log("orchestrator", 5, "wall_ms=1000.0 generating_ms=950.0 held_ms=50.0 other_ms=0.0"),
            log("trainer", 5, "wall_ms=1000.0 batch_ms=50.0 training_ms=950.0"));

    assertThat(analysis.findings()).isEmpty();
  }

  @Test
  void theReportHasTheTimeOfEveryRoleAndServer() {
    Analysis analysis =
        AnalyzedLogs.analyze(
            log("server", 3, "wall_ms=500.0 updating_ms=0.0 generating_ms=400.0 idle_ms=100.0")
                .replace("idle_ms=100.0", "idle_ms=100.0 server=http://a:8000"));

    assertThat(TextReport.of(analysis).lines())
        .anyMatch(line -> line.matches(" *role +steps +wall s +generating +idle *"))
        .anyMatch(line -> line.matches(" *server http://a:8000 +3 +1\\.5 +80\\.0 % +20\\.0 % *"));
    assertThat(JsonReport.of(analysis).toLowerCase(Locale.ROOT))
        .contains("\"server\" : \"http://a:8000\"", "\"generating_ms\" : 1200.0");
  }

  @Test
  void anotherProgramsTagIsNoEvent() {
    Analysis analysis =
        AnalyzedLogs.analyze("[time] took 3.2s\n[time] run.done role=x wall_ms=3.0\n");

    assertThat(analysis.isEmpty()).isTrue();
    assertThat(analysis.inputs().getFirst().malformed()).isZero();
  }
}

package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.analysis.report.JsonReport;
import dev.freshet.analysis.report.TextReport;
import dev.freshet.trace.FleetPhase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** What is wrong with a fleet is found in its lines, with the server and who must act. */
class FleetDiagnosisTest {
  private static final String A = "http://10.0.0.1:8001";
  private static final String B = "http://10.0.0.2:8001";
  private static final String C = "http://10.0.0.3:8001";

  private static Map<FleetPhase, Double> phases(double applyMs) {
    return Map.of(
        FleetPhase.PAUSE,
        12.0,
        FleetPhase.APPLY,
        applyMs,
        FleetPhase.ASK,
        1.5,
        FleetPhase.RESUME,
        3.0);
  }

  private static FleetLogs updates(int count, double applyMsOfC) {
    FleetLogs logs = new FleetLogs().begin(A, B, C);
    for (int version = 1; version <= count; version++) {
      logs.row(A, "moved", phases(200 + version))
          .row(B, "moved", phases(210 + version))
          .row(C, "moved", phases(version % 10 == 0 ? 205 : applyMsOfC))
          .update(version, "committed");
    }
    return logs;
  }

  private static Finding only(Analysis analysis, Signature signature) {
    assertThat(AnalyzedLogs.grave(analysis)).as(analysis.verdict()).containsExactly(signature);
    Finding finding = analysis.findings().getFirst();
    assertThat(finding.evidence()).anyMatch(line -> line.matches("(?s).*log0:\\d+.*"));
    assertThat(finding.advice()).isNotEmpty();
    return finding;
  }

  @Test
  void aFleetWithNothingWrongHasNoFindingAndARowForEachServer() {
    Analysis analysis = AnalyzedLogs.analyze(updates(20, 190).toString());

    assertThat(analysis.findings()).isEmpty();
    assertThat(analysis.fleet().updates()).hasSize(20);
    assertThat(analysis.fleet().updates().getLast().blame().orElseThrow().server()).isEqualTo(B);
    assertThat(analysis.fleet().replicas()).allMatch(FleetHistory.Replica::serves);
    String text = TextReport.of(analysis);
    assertThat(text).contains("servers of the fleet", "v20", "apply of " + B);
    JsonNode fleet = new ObjectMapper().readTree(JsonReport.of(analysis)).path("fleet");
    assertThat(fleet.at("/updates/committed").asInt()).isEqualTo(20);
    assertThat(fleet.at("/replicas/1/slowest").asInt()).isEqualTo(20);
    assertThat(fleet.at("/replicas/2/apply_ms").asDouble()).isEqualTo(190);
    assertThat(fleet.at("/newest_updates/0/replicas/0/queue_ms").asDouble()).isEqualTo(2.5);
    assertThat(fleet.at("/newest_updates/0/replicas/0/prepare_ms").isNull()).isTrue();
  }

  @Test
  void aServerThatEveryUpdateWaitsForIsNamedWithItsPhase() {
    Finding finding =
        only(AnalyzedLogs.analyze(updates(20, 690).toString()), Signature.REPLICA_SLOW);

    assertThat(finding.what())
        .matches(C + " takes 3\\.\\d times the others' apply in 18 of 20 updates");
    assertThat(finding.severity()).isEqualTo(Severity.WARNING);
    assertThat(finding.confidence()).isGreaterThan(0.8);
  }

  @Test
  void aPauseThatNoResumeFollowedSaysSinceWhenAndWhoMustAct() {
    Finding finding =
        only(
            AnalyzedLogs.analyze(
                updates(5, 200).after(3).state(B, "paused", 5, true).after(9).toString()),
            Signature.REPLICA_PAUSED);

    assertThat(finding.what())
        .isEqualTo(B + " is paused since 2026-01-02T03:04:58Z, and no resume has followed");
    assertThat(finding.severity()).isEqualTo(Severity.CRITICAL);
    assertThat(finding.advice())
        .contains("Do not resume the server", "freshet update loads a checkpoint");
  }

  @Test
  void aPauseOfAnUpdateThatIsRunningInAGrowingLogIsNoFinding(@TempDir Path dir) throws IOException {
    Path log = dir.resolve("orchestrator.log");
    FleetLogs logs = updates(5, 200).after(3).state(B, "paused", 5, true);
    Files.writeString(log, logs.toString());
    try (FollowedLogs followed = new FollowedLogs(AnalyzeOptions.NONE, List.of(log), () -> 0)) {
      assertThat(AnalyzedLogs.grave(followed.analysis())).isEmpty();
      Files.writeString(log, logs.after(700).state(A, "gone", 5, false).toString());
      followed.poll();
      assertThat(AnalyzedLogs.grave(followed.analysis())).contains(Signature.REPLICA_PAUSED);
    }
  }

  @Test
  void aServerThatIsLeftPausedByALoadThatWasNotAnsweredIsNotToBeResumedByHand() {
    Finding finding =
        only(
            AnalyzedLogs.analyze(updates(5, 200).state(B, "unknown", 5, true).toString()),
            Signature.REPLICA_PAUSED);

    assertThat(finding.what()).contains(B + " is unknown and left paused since ");
    assertThat(finding.advice()).contains("restart the server");
  }

  @Test
  void anUnknownServerAndOneOutOfRotationAreToldApart() {
    FleetLogs logs = updates(5, 200).state(B, "unknown", 5, false);
    assertThat(only(AnalyzedLogs.analyze(logs.toString()), Signature.REPLICA_UNKNOWN).severity())
        .isEqualTo(Severity.CRITICAL);

    logs.state(B, "quarantined", 5, false);
    Finding finding = only(AnalyzedLogs.analyze(logs.toString()), Signature.REPLICA_QUARANTINED);
    assertThat(finding.severity()).isEqualTo(Severity.WARNING);
    logs.state(A, "gone", 5, false).state(C, "gone", 5, false);
    assertThat(only(AnalyzedLogs.analyze(logs.toString()), Signature.REPLICA_QUARANTINED).what())
        .contains("(and 2 more); no server serves");
  }

  @Test
  void anewStartForgetsTheServersOfTheOneBefore() {
    FleetLogs logs = updates(5, 200).state(B, "unknown", 5, true).interrupted(6).begin(A, C);
    Analysis analysis = AnalyzedLogs.analyze(logs.toString());

    assertThat(analysis.findings()).isEmpty();
    assertThat(analysis.fleet().replicas()).hasSize(2);
    assertThat(analysis.notes())
        .anyMatch(note -> note.startsWith("The update to version 6 was interrupted"));
  }

  @Test
  void aServerThatLeftIsNoFinding() {
    FleetLogs logs = updates(5, 200).state(B, "gone", 5, false).left(B);
    Analysis analysis = AnalyzedLogs.analyze(logs.toString());

    assertThat(analysis.findings()).isEmpty();
    assertThat(analysis.fleet().replicas())
        .extracting(FleetHistory.Replica::server)
        .containsExactly(A, C);
  }

  @Test
  void updatesWithoutAServerAreAVersionSkew() {
    FleetLogs logs = updates(10, 200).state(C, "quarantined", 10, false);
    for (int version = 11; version <= 14; version++) {
      logs.row(A, "moved", phases(200)).row(B, "moved", phases(200)).update(version, "committed");
    }
    logs.state(C, "serving", 14, false);
    Finding finding = only(AnalyzedLogs.analyze(logs.toString()), Signature.VERSION_SKEW);

    assertThat(finding.what()).isEqualTo(C + " missed 4 of 14 updates and fell 4 versions behind");
  }

  @Test
  void repeatedRollBacksNameTheServerThatFailsInThem() {
    FleetLogs logs = updates(10, 200);
    for (int version = 11; version <= 12; version++) {
      logs.row(A, "kept", phases(200)).row(B, "failed", phases(200)).update(version, "rolled_back");
    }
    Finding finding = only(AnalyzedLogs.analyze(logs.toString()), Signature.ROLL_BACK);

    assertThat(finding.what())
        .isEqualTo("2 of 12 updates were rolled back or refused, the last 2 in a row");
    assertThat(finding.severity()).isEqualTo(Severity.CRITICAL);
    assertThat(finding.evidence().getFirst()).isEqualTo(B + " failed in 2 of them.");
  }

  @Test
  void theNameOfAServerCannotMakeATagOrBreakALineOfAReport() {
    FleetLogs logs = new FleetLogs();
    String hostile = "http://x/\u001b[2J[ckpt]\u0085[weights][00000000deadbeef]\u202e<b>";
    logs.begin(hostile, A).state(hostile, "unknown", 0, true);
    logs.row(hostile, "failed", phases(9)).update(1, "committed");
    String text = TextReport.of(AnalyzedLogs.analyze(logs.toString()));

    assertThat(text).contains("unknown").doesNotContain("[ckpt]", "[weights][", "\u001b", "\u202e");
    assertThat(AnalyzedLogs.analyze(text).isEmpty()).isTrue();
  }
}

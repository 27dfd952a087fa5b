package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.analysis.SimulatedRun.Role;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Logs of several clocks, time zones and runs. */
class LogTimesTest {
  private static Stats stats(Analysis analysis, LogMetric metric) {
    return Optional.ofNullable(analysis.stats().get(metric)).orElseThrow();
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
}

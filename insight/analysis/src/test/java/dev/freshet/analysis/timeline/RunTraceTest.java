package dev.freshet.analysis.timeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.analysis.AnalysisException;
import dev.freshet.analysis.AnalyzedLogs;
import dev.freshet.analysis.FleetLogs;
import dev.freshet.analysis.SimulatedRun;
import dev.freshet.analysis.SimulatedRun.Role;
import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.UpdatePart;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunTraceTest {
  private static final int STEPS = 60;
  private static final String UPDATE =
      """
      2026-01-02T03:00:01.500Z INFO [weights][00000000000000aa] client.send url=http://a:1/update_weights path=/w/step_7 t=10.000000
      2026-01-02T03:00:01.510Z INFO [weights][00000000000000aa] server.recv path=/update_weights t=10.010000
      2026-01-02T03:00:01.511Z INFO [weights][00000000000000aa] rpc.start op=update_weights t=10.011000 phase=all
      2026-01-02T03:00:01.611Z INFO [weights][00000000000000aa] rpc.done op=update_weights t=10.111000 rpc_ms=100.0 phase=all
      2026-01-02T03:00:01.620Z INFO [weights][00000000000000aa] client.done wall_ms=120.0 rpc_ms=100.0 queue_ms=20.0 op=update_weights url=http://a:1/update_weights connect_ms=4.0 accept_ms=6.0 handler_ms=1.0 answer_ms=9.0 stall_ms=3.0 prepare_ms=70.0 map_ms=10.0 fault_ms=20.0 verify_ms=30.0 build_ms=10.0 wait_step_ms=25.0 pause_ms=3.0 swap_ms=1.0 recompute_ms=2.0
      """;

  private static ReadTrace trace(RecordedMetrics metrics, String... logs) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RunTrace.write(AnalyzedLogs.analyze(logs), metrics, out);
    return new ReadTrace(out.toByteArray());
  }

  private static ReadTrace trace(String... logs) {
    return trace(RecordedMetrics.NONE, logs);
  }

  private static List<String> missing(String... logs) {
    return RunTrace.write(
            AnalyzedLogs.analyze(logs), RecordedMetrics.NONE, OutputStream.nullOutputStream())
        .missing();
  }

  private static SimulatedRun run(double serverAheadS) {
    SimulatedRun run = new SimulatedRun(5);
    run.steps = STEPS;
    run.serverAheadS = serverAheadS;
    return run.run();
  }

  private static String[] logs(SimulatedRun run) {
    return new String[] {
      run.log(Role.ORCHESTRATOR), run.log(Role.INFERENCE), run.log(Role.TRAINER)
    };
  }

  @Test
  void everyRoleIsAProcessAndEveryEventOfARunIsOnATrack() {
    ReadTrace trace = trace(logs(run(0)));

    assertThat(trace.roles())
        .containsExactlyInAnyOrder("orchestrator", "trainer", "inference http://10.0.0.1:8001");
    assertThat(trace.slices("updates of http://10.0.0.1:8001", "update_weights v")).hasSize(STEPS);
    assertThat(trace.slices("weight operations", "update_weights v")).hasSize(STEPS);
    assertThat(trace.slices("checkpoints", "write v")).hasSize(STEPS);
    assertThat(trace.slices("waits for weights", "wait for v")).hasSize(STEPS);
    assertThat(trace.slices("batches", "batch")).isNotEmpty();
    assertThat(trace.counter("streams in flight")).isNotEmpty();
    assertThat(trace.counter("staleness")).isNotEmpty().allMatch(staleness -> staleness == 1);
    assertThat(trace.counter("queue_ms")).hasSize(STEPS);
    assertThat(trace.arrows("update")).isEqualTo(STEPS);
    assertThat(trace.arrows("checkpoint")).isEqualTo(STEPS);
  }

  @Test
  void aPhaseOfAFleetsUpdateBeginsOnceAllServersHaveEndedTheOneBefore() {
    String a = "http://a:1";
    String b = "http://b:1";
    FleetLogs logs =
        new FleetLogs()
            .begin(a, b)
            .row(a, "moved", Map.of(FleetPhase.PAUSE, 30.0, FleetPhase.APPLY, 100.0))
            .row(b, "moved", Map.of(FleetPhase.PREPARE, 500.0, FleetPhase.APPLY, 10.0))
            .update(1, "committed")
            .state(b, "quarantined", 1, false)
            .after(5)
            .state(b, "serving", 1, false)
            .state(a, "gone", 1, false);

    ReadTrace trace = trace(logs.toString());

    assertThat(trace.slices("fleet updates", "fleet update v1")).hasSize(1);
    ReadTrace.Slice inspected = trace.slices("fleet inspection", "inspect").getFirst();
    assertThat((inspected.end() - inspected.start()) / 1e6).isCloseTo(594.5, within(0.01));
    assertThat(trace.slices("fleet phases of " + b, "prepare").getFirst().start() / 1e6)
        .isCloseTo(inspected.end() / 1e6, within(0.01));
    double pause = trace.slices("fleet phases of " + a, "pause").getFirst().start();
    double prepared = trace.slices("fleet phases of " + b, "prepare").getFirst().end();
    double applied = trace.slices("fleet phases of " + a, "apply").getFirst().end();
    assertThat(pause / 1e6).isCloseTo(prepared / 1e6, within(0.01));
    assertThat(trace.slices("fleet phases of " + b, "apply").getFirst().start() / 1e6)
        .isCloseTo(applied / 1e6, within(0.01));
    ReadTrace.Slice out = trace.slices("state of " + b, "quarantined").getFirst();
    assertThat((out.end() - out.start()) / 1e9).isCloseTo(5, within(0.01));
    assertThat(trace.slices("state of " + a, "gone")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-86_400, -0.25, 0.004, 3, 40_000})
  void theServersPartIsWithinTheClientsForAnyClockOffset(double aheadS) {
    ReadTrace expected = trace(logs(run(0)));
    ReadTrace trace = trace(logs(run(aheadS)));

    List<ReadTrace.Slice> client = trace.slices("updates", "update_weights");
    List<ReadTrace.Slice> server = trace.slices("weight operations", "rpc");
    List<ReadTrace.Slice> same = expected.slices("weight operations", "rpc");
    assertThat(server).hasSize(STEPS);
    for (int i = 0; i < STEPS; i++) {
      assertThat(server.get(i).start()).isGreaterThanOrEqualTo(client.get(i).start());
      assertThat(server.get(i).end()).isLessThanOrEqualTo(client.get(i).end());
      assertThat(server.get(i).start() / 1e6).isCloseTo(same.get(i).start() / 1e6, within(5.0));
    }
  }

  @Test
  void arrowsGoForwardFromACheckpointThatWasWaitedForBeforeItWasWritten() {
    SimulatedRun run = new SimulatedRun(5);
    run.steps = STEPS;
    run.waitMs = step -> step % 2 == 0 ? 0 : 2000;

    ReadTrace trace = trace(logs(run.run()));

    assertThat(trace.arrows("checkpoint")).isEqualTo(STEPS);
    assertThat(trace.slices("waits for weights", "wait for v1").getFirst().start())
        .isLessThan(trace.slices("checkpoints", "write v1").getFirst().start());
  }

  @Test
  void hostsOfOtherTimeZonesAreOnTheSameAxis() {
    SimulatedRun run = new SimulatedRun(5);
    run.steps = STEPS;
    run.styles.put(Role.TRAINER, SimulatedRun.Style.EASTERN);
    run.styles.put(Role.INFERENCE, SimulatedRun.Style.EASTERN);
    ReadTrace expected = trace(logs(run(0)));
    ReadTrace trace = trace(logs(run.run()));

    for (String name : List.of("write v", "wait for v", "rpc")) {
      List<ReadTrace.Slice> same = expected.slices("", name);
      List<ReadTrace.Slice> slices = trace.slices("", name);
      assertThat(slices).as(name).hasSameSizeAs(same);
      for (int i = 0; i < same.size(); i++) {
        assertThat(slices.get(i).start() / 1e6).isCloseTo(same.get(i).start() / 1e6, within(5.0));
      }
    }
  }

  @Test
  void thePhasesOfAnUpdateAreNestedAndHaveTheLengthsOfTheLog() {
    ReadTrace trace = trace(UPDATE);

    assertThat(trace.slices("updates", "").stream().map(RunTraceTest::shape))
        .containsExactly(
            "update_weights v7 0+120",
            "connect 0+4",
            "accept 4+6",
            "handler 10+1",
            "rpc 11+100",
            "answer 111+9");
    assertThat(trace.slices("weight operations", "").stream().map(RunTraceTest::shape))
        .containsExactly(
            "update_weights v7 10+101",
            "handler 10+1",
            "rpc 11+100",
            "prepare 11+70",
            "map 11+10",
            "fault 21+20",
            "verify 41+30",
            "build 71+10",
            "wait_step 81+25",
            "pause 106+3",
            "swap 106+1",
            "recompute 107+2");
    assertThat(trace.slices("decode loop", "").stream().map(RunTraceTest::shape))
        .containsExactly("stall 106+3");
    assertThat(trace.slices("weight operations", "swap").getFirst().around())
        .containsExactly("pause", "rpc", "update_weights v7");
  }

  private static String shape(ReadTrace.Slice slice) {
    return "%s %d+%d"
        .formatted(
            slice.name(), slice.start() / 1_000_000, (slice.end() - slice.start()) / 1_000_000);
  }

  @Test
  void theTraceOfAnIncompleteRunListsWhatIsMissing() {
    String[] logs = logs(run(0));
    String orchestrator = logs[0].substring(0, logs[0].lastIndexOf("client.done") - 40);
    String[] cut = {
      orchestrator
          + "\n2027-01-01T00:00:00.000Z INFO [gen] batch.start inflight=3 target_batch=9\n",
      logs[1].substring(0, logs[1].lastIndexOf("rpc.done") - 20)
    };

    ReadTrace trace = trace(cut);

    assertThat(trace.slices("updates", "update_weights"))
        .hasSize(STEPS)
        .filteredOn(slice -> slice.end() == Long.MAX_VALUE)
        .hasSize(1);
    assertThat(trace.slices("weight operations", "rpc"))
        .filteredOn(slice -> slice.end() == Long.MAX_VALUE)
        .hasSize(1);
    assertThat(trace.slices("batches", "batch"))
        .filteredOn(slice -> slice.end() == Long.MAX_VALUE)
        .hasSize(1);
    assertThat(missing(cut))
        .contains(
            "no write_ms in these logs",
            "1 admin call without an end",
            "1 batch or wait without an end",
            "no metrics/*.jsonl beside these logs: no training steps and no reward");
  }

  @Test
  void anUpdateThatOnlyOneSideLoggedIsDrawnOnThatSide() {
    String[] lines = UPDATE.split("\n", -1);

    ReadTrace client = trace(lines[0] + "\n" + lines[4] + "\n");
    ReadTrace server = trace(String.join("\n", lines[1], lines[2], lines[3]) + "\n");

    assertThat(client.slices("updates", "update_weights v7")).hasSize(1);
    assertThat(client.slices("weight operations", "rpc")).as("as its answer says").hasSize(1);
    assertThat(server.roles()).containsExactly("inference log0");
    assertThat(server.slices("weight operations", "").stream().map(RunTraceTest::shape))
        .containsExactly("update_weights 0+101", "handler 0+1", "rpc 1+100");
  }

  @Test
  void attemptsUnderOneTraceHaveArrowsOfTheirOwn() {
    String failed =
        """
        2026-01-02T03:00:00.000Z INFO [weights][00000000000000aa] client.send url=http://a:1/update_weights path=/w/step_7 t=8.500000
        2026-01-02T03:00:00.005Z INFO [weights][00000000000000aa] server.recv path=/update_weights t=8.505000
        2026-01-02T03:00:00.050Z INFO [weights][00000000000000aa] client.done wall_ms=50.0 op=update_weights url=http://a:1/update_weights error=connection_lost
        """;

    ReadTrace trace = trace(failed + UPDATE);

    assertThat(trace.slices("updates", "update_weights v7"))
        .extracting(slice -> slice.event().path("args").path("error").asString(""))
        .containsExactlyInAnyOrder("connection_lost", "");
    assertThat(trace.arrows("update")).isEqualTo(2);
  }

  @Test
  void trainingStepsEndWhereTheirWeightsBeginToBeWritten(@TempDir Path dir) throws IOException {
    Files.writeString(
        Files.createDirectories(dir.resolve("metrics")).resolve("trainer.jsonl"),
        """
            {"role":"trainer","kind":"train","step":3,"loss":0.5,"entropy":2.0,"mismatch_kl":null,"tokens":640,"step_ms":400.0,"batch_wait_ms":50.5}
            {"role":"trainer","kind":"train","step":4,"loss":0.4,"step_ms":300.0}
            {"role":"orchestrator","kind":"step","step":3,"reward":0.25}
            {"role":"orchestrator","kind":"upd
            """);
    String log =
        """
        2026-01-02T03:00:01.500Z INFO [rollout] trunc_pct=0.0 current_step=2 ckpt_step=1 staleness=1
        2026-01-02T03:00:02.000Z INFO [ckpt] write.done step=3 write_ms=100.0
        """;

    RecordedMetrics read = RecordedMetrics.read(dir);
    ReadTrace trace = trace(read, log);

    assertThat(trace.slices("training", "").stream().map(RunTraceTest::shape))
        .containsExactly("await batch 0+50", "step 3 50+400");
    assertThat(trace.slices("checkpoints", "").stream().map(RunTraceTest::shape))
        .containsExactly("write v3 450+100");
    assertThat(trace.counter("reward")).containsExactly(0.25);
    assertThat(trace.counter("loss")).containsExactly(0.5);
    assertThat(
            RunTrace.write(AnalyzedLogs.analyze(log), read, OutputStream.nullOutputStream())
                .missing())
        .contains(
            "1 line of metrics/*.jsonl not read: no JSON object",
            "1 training step whose [ckpt] write.done is in no log, not drawn");
  }

  @Test
  void theMetricsFiguresOfAnUpdateAreDrawnInFull(@TempDir Path dir) throws IOException {
    Files.writeString(
        Files.createDirectories(dir.resolve("metrics")).resolve("trainer.jsonl"),
        """
            {"role":"orchestrator","kind":"update","step":7,"trace":"00000000000000aa","wall_ms":120.0204,"rpc_ms":100.0301,"connect_ms":4.0,"accept_ms":6.0,"handler_ms":1.0,"phases":{"prepare_ms":70.0,"wait_step_ms":25.0,"pause_ms":3.0004,"swap_ms":0.0125}}
            """);

    ReadTrace trace = trace(RecordedMetrics.read(dir), UPDATE);

    assertThat(trace.slices("updates", "update_weights").getFirst().end()).isEqualTo(120_020_400);
    ReadTrace.Slice swap = trace.slices("weight operations", "swap").getFirst();
    assertThat(swap.end() - swap.start()).isEqualTo(12_500);
  }

  @Test
  void everyPhaseOfAnUpdateIsDrawnWithinThePartThatItIsAPartOf() {
    StringBuilder log = new StringBuilder(UPDATE.substring(0, UPDATE.indexOf("prepare_ms")));
    for (UpdatePart part : serversPhases()) {
      log.append(" %s=%.1f".formatted(part.wireName(), length(part)));
    }

    ReadTrace trace = trace(log + "\n");

    assertThat(serversPhases()).isNotEmpty();
    for (UpdatePart part : serversPhases()) {
      ReadTrace.Slice slice = trace.slices("weight operations", part.label()).getFirst();
      assertThat(slice.arg(part.wireName())).isEqualTo(length(part));
      assertThat(slice.around().getFirst()).isEqualTo(part.parent().orElseThrow().label());
    }
  }

  /** Short enough for the part around it to have room for six. */
  private static double length(UpdatePart part) {
    return part.depth() == UpdatePart.RPC.depth() + 1 ? 15 : 2;
  }

  /** Those of a server's operation, as opposed to the calls that update another program. */
  private static List<UpdatePart> serversPhases() {
    return Stream.of(UpdatePart.values())
        .filter(part -> part.isPhase() && part.side() == UpdatePart.Side.SERVER)
        .toList();
  }

  @Test
  void theCallsThatUpdateAnotherProgramAreDrawnInOrder() {
    List<UpdatePart> calls =
        Stream.of(UpdatePart.values())
            .filter(part -> part.isPhase() && part.side() == UpdatePart.Side.CLIENT)
            .toList();
    String[] lines = UPDATE.split("\n", -1);
    StringBuilder done =
        new StringBuilder(lines[4].substring(0, lines[4].indexOf("connect_ms")))
            .append("pause_ms=2.0");
    calls.forEach(part -> done.append(" ").append(part.wireName()).append("=3.0"));

    ReadTrace trace = trace(lines[0] + "\n" + done.toString().replace(" rpc_ms=100.0", "") + "\n");

    int at = 2;
    assertThat(calls).isNotEmpty();
    assertThat(trace.slices("updates", "pause").stream().map(RunTraceTest::shape))
        .containsExactly("pause 0+2");
    for (UpdatePart part : calls) {
      assertThat(trace.slices("updates", part.label()).stream().map(RunTraceTest::shape))
          .containsExactly("%s %d+3".formatted(part.label(), at));
      at += 3;
    }
  }

  @Test
  void aPhaseUnderAnUnknownNameIsDrawnToo(@TempDir Path dir) throws IOException {
    Files.writeString(
        dir.resolve("metrics.jsonl"),
        """
        {"role":"orchestrator","kind":"update","step":7,"trace":"00000000000000aa","wall_ms":120.0,"rpc_ms":100.0,"phases":{"prepare_ms":50.0,"unheard_of_ms":20.5}}
        """);

    ReadTrace trace = trace(RecordedMetrics.read(dir), UPDATE);

    ReadTrace.Slice slice = trace.slices("weight operations", "unheard_of").getFirst();
    assertThat(slice.arg("unheard_of_ms")).isEqualTo(20.5);
    assertThat(slice.around().getFirst()).isEqualTo("rpc");
  }

  @Test
  void logsWithoutTimesOfDayAreRefusedInOneLine() {
    assertThatThrownBy(() -> trace("[ckpt] write.done step=3 write_ms=100.0\n"))
        .isInstanceOf(AnalysisException.class)
        .hasMessage(
            "no event with a time in these logs: expected tagged lines whose prefix has the time of"
                + " day");
  }

  @Test
  void aStreamThatCannotBeWrittenIsRefusedInOneLine() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };

    assertThatThrownBy(
            () -> RunTrace.write(AnalyzedLogs.analyze(UPDATE), RecordedMetrics.NONE, full))
        .isInstanceOf(AnalysisException.class)
        .hasMessage("the trace cannot be written: No space left on device");
  }

  @Test
  void aTextOfAnyCharactersStaysValidJson() {
    byte[] malformed = "\u0001\"\\u2028".getBytes(StandardCharsets.UTF_8);
    String url = "http://a:1/" + new String(malformed, StandardCharsets.ISO_8859_1) + "x";

    assertThat(trace(UPDATE.replace("http://a:1/update_weights", url)).slices).isNotEmpty();
  }
}

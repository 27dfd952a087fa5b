package dev.freshet.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class EventLogTest {
  private static final TraceId TRACE = new TraceId("0123456789abcdef");

  private final List<String> lines = new ArrayList<>();
  private final EventLog log = new EventLog(lines::add, () -> 1_234_567_890L);

  @Test
  void theEventsOfAnUpdateAreTheFormatToTheCharacter() {
    log.clientSend(
        TRACE, "http://127.0.0.1:8001/update_weights", Optional.of("runs/a/weights/step_3"));
    log.serverRecv(TRACE, "/update_weights", 2_000_000_000L);
    log.rpcStart(TRACE, "update_weights", "all", 2_000_001_000L);
    log.rpcDone(TRACE, "update_weights", "commit", 2_012_300_499L, 12.349);

    assertThat(lines)
        .containsExactly(
            "[weights][0123456789abcdef] client.send url=http://127.0.0.1:8001/update_weights"
                + " path=runs/a/weights/step_3 t=1.234568",
            "[weights][0123456789abcdef] server.recv path=/update_weights t=2.000000",
            "[weights][0123456789abcdef] rpc.start op=update_weights t=2.000001 phase=all",
            "[weights][0123456789abcdef] rpc.done op=update_weights t=2.012300 rpc_ms=12.3"
                + " phase=commit");
  }

  @Test
  void aReloadIsSentWithoutPath() {
    log.clientSend(TRACE, "http://h/reload_weights", Optional.empty());

    assertThat(lines)
        .containsExactly(
            "[weights][0123456789abcdef] client.send url=http://h/reload_weights t=1.234568");
  }

  @Test
  void theQueueTimeWrittenIsTheDifferenceOfTheFiguresWritten() {
    Map<String, Double> phases = new LinkedHashMap<>();
    phases.put("prepare_ms", 8.5);
    phases.put("swap_ms", 0.04);

    log.clientDone(timings(10.06, OptionalDouble.of(8.94), phases));

    assertThat(lines)
        .containsExactly(
            "[weights][0123456789abcdef] client.done wall_ms=10.1 rpc_ms=8.9 queue_ms=1.2"
                + " op=update_weights url=http://h/update_weights connect_ms=0.3 accept_ms=0.3"
                + " handler_ms=0.2 answer_ms=0.4 transfer_ms=0.6 stall_ms=0.1 prepare_ms=8.5"
                + " swap_ms=0.0");
  }

  @Test
  void aServerThatDoesNotReportItsRpcTimeLeavesTheQueueTimeUnknown() {
    AdminTimings unknown = timings(10, OptionalDouble.empty(), Map.of());
    log.clientDone(unknown);

    assertThat(unknown.queueMs()).isEmpty();
    assertThat(lines.getFirst())
        .doesNotContain("rpc_ms")
        .doesNotContain("queue_ms")
        .contains("wall_ms=10.0");
  }

  @Test
  void theEventsOfTheRestOfThePipelineAreTheFormatToTheCharacter() {
    log.checkpointWritten(7, 21.25);
    log.checkpointWaitStart(8);
    log.checkpointWaitDone(8, 0.04);
    log.batchStart(96, 128);
    log.batchDone(128, 950.06, 64);
    log.rollouts(3.125, 9, 8);

    assertThat(lines)
        .containsExactly(
            "[ckpt] write.done step=7 write_ms=21.3",
            "[ckpt] wait.start target_step=8",
            "[ckpt] wait.done target_step=8 wait_ms=0.0",
            "[gen] batch.start inflight=96 target_batch=128",
            "[gen] batch.done completions=128 dur_ms=950.1 inflight=64",
            "[rollout] trunc_pct=3.1 current_step=9 ckpt_step=8 staleness=1");
  }

  @Test
  void aValueCannotForgeALineOrAField() {
    log.clientSend(TRACE, "http://h/", Optional.of("a b\n[ckpt] write.done"));

    assertThat(lines)
        .containsExactly(
            "[weights][0123456789abcdef] client.send url=http://h/"
                + " path=a%20b%0A%5Bckpt]%20write.done t=1.234568");
    lines.clear();
    log.clientFailed(TRACE, "update_weights", "http://h/[1]", 2, "[gen][weights][\"a\"] x");
    assertThat(lines)
        .containsExactly(
            "[weights][0123456789abcdef] client.done wall_ms=2.0 op=update_weights url=http://h/[1]"
                + " error=%5Bgen]%5Bweights][%22a%22]%20x");
  }

  @Test
  void anIdThatIsNot16HexCharactersIsRefused() {
    assertThatThrownBy(() -> new TraceId("0123456789ABCDEF"))
        .hasMessageContaining("16 lower-case hexadecimal");
    assertThat(TraceId.random()).isNotEqualTo(TraceId.random());
    assertThat(TraceId.isValid(TraceId.random().hex())).isTrue();
  }

  private static AdminTimings timings(
      double wallMs, OptionalDouble rpcMs, Map<String, Double> phases) {
    return new AdminTimings(
        TRACE,
        "update_weights",
        "http://h/update_weights",
        PartTimes.NONE
            .with(UpdatePart.WALL, wallMs)
            .with(UpdatePart.CONNECT, 0.31)
            .with(UpdatePart.ACCEPT, 0.25)
            .with(UpdatePart.ANSWER, 0.35)
            .with(UpdatePart.RPC, rpcMs)
            .with(UpdatePart.HANDLER, 0.2)
            .with(UpdatePart.STALL, 0.05)
            .with(PartTimes.of(phases)));
  }
}

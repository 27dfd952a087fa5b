package dev.freshet.lab.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.analysis.LogAnalysis;
import dev.freshet.lab.LabException;
import dev.freshet.trace.UpdatePart;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RecordingTest {
  private static final String RUN =
      """
      2026-01-02T03:00:00.000Z INFO [gen] batch.start inflight=100 target_batch=64
      2026-01-02T03:00:01.500Z INFO [weights][00000000000000aa] client.send url=http://a:1/update_weights t=10.000000
      2026-01-02T03:00:01.500Z INFO [weights][00000000000000ab] client.send url=http://b:1/update_weights t=10.000000
      2026-01-02T03:00:01.700Z INFO [weights][00000000000000aa] client.done wall_ms=200.0 rpc_ms=50.0 queue_ms=150.0
      2026-01-02T03:00:01.710Z INFO [weights][00000000000000ab] client.done wall_ms=210.0 rpc_ms=50.0 queue_ms=160.0
      2026-01-02T03:00:02.000Z INFO [gen] batch.done completions=64 dur_ms=2000.0 inflight=41
      2026-01-02T03:00:04.000Z INFO [weights][00000000000000ac] client.send url=http://a:1/update_weights t=12.500000
      2026-01-02T03:00:04.100Z INFO [weights][00000000000000ac] client.done wall_ms=100.0 rpc_ms=50.0 queue_ms=50.0
      """;

  private static Analysis analysis(String log) {
    LogAnalysis analysis =
        new LogAnalysis(new AnalyzeOptions(Optional.empty(), Optional.empty()), List.of());
    analysis.read("run.log", new ByteArrayInputStream(log.getBytes(StandardCharsets.UTF_8)));
    return analysis.analysis();
  }

  private static Recording recording(String log) {
    return Recording.of(analysis(log), Duration.ZERO, Optional.empty());
  }

  private static Recording.Load load(long ms, int streams) {
    return new Recording.Load(ms * 1_000_000, streams);
  }

  private static Recording.Update update(long ms, double queueMs, double wallMs) {
    return new Recording.Update(ms * 1_000_000, queueMs, 50, wallMs);
  }

  @Test
  void theServerWithTheMostUpdatesHasItsShareOfTheCompletions() {
    Recording recording = recording(RUN);

    assertThat(recording.servers()).isEqualTo(2);
    assertThat(recording.loads()).containsExactly(load(0, 50), load(2000, 21));
    assertThat(recording.updates()).containsExactly(update(1500, 150, 200), update(4000, 50, 100));
    assertThat(recording.maxStreams()).isEqualTo(50);
    assertThat(recording.length()).isEqualTo(Duration.ofSeconds(4));
    assertThat(recording.figures())
        .hasEntrySatisfying(UpdatePart.QUEUE, ms -> assertThat(ms.mean()).isEqualTo(100));
  }

  @Test
  void aPartOfARunBeginsWithTheCompletionsInFlightAtThatTime() {
    Recording recording =
        Recording.of(analysis(RUN), Duration.ofSeconds(3), Optional.of(Duration.ofSeconds(2)));

    assertThat(recording.loads()).containsExactly(load(0, 21));
    assertThat(recording.updates()).containsExactly(update(1000, 50, 100));
    assertThatThrownBy(
            () ->
                Recording.of(
                    analysis(RUN), Duration.ofSeconds(2), Optional.of(Duration.ofSeconds(1))))
        .isInstanceOf(LabException.class)
        .hasMessage("no update from 2 s on within 1 s; expected at least one");
  }

  @Test
  void aFasterReplayHasShorterOffsets() {
    Recording recording = recording(RUN).at(4);

    assertThat(recording.loads()).containsExactly(load(0, 50), load(500, 21));
    assertThat(recording.updates()).containsExactly(update(375, 150, 200), update(1000, 50, 100));
  }

  @Test
  void aBatchThatBeginsWithNoneInFlightHasItsTargetAtOnce() {
    String update =
        "2026-01-02T03:00:09Z [weights][00000000000000aa] client.done wall_ms=2.0 rpc_ms=1.0 queue_ms=1.0\n";
    String synchronous =
        """
        2026-01-02T03:00:00Z [gen] batch.start inflight=0 target_batch=64
        2026-01-02T03:00:02Z [gen] batch.done completions=64 dur_ms=2000.0 inflight=0
        """;
    String bounded =
        """
        2026-01-02T03:00:04Z [gen] batch.start inflight=24 target_batch=64
        2026-01-02T03:00:06Z [gen] batch.done completions=64 dur_ms=2000.0 inflight=20
        """;

    assertThat(recording(synchronous + update).loads()).containsExactly(load(0, 64), load(2000, 0));
    assertThat(recording(synchronous + bounded + update).loads())
        .containsExactly(load(0, 24), load(2000, 0), load(4000, 24), load(6000, 20));
  }

  @Test
  void logsWithoutTimesOrLoadsAreRejectedWithWhatIsExpected() {
    assertThatThrownBy(() -> recording(RUN.replaceAll("(?m)^\\S+ INFO ", "")))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("no update with a time in these logs");
    assertThatThrownBy(() -> recording(RUN.replaceAll("inflight=\\d+", "")))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("no completions in flight in these logs; expected [gen] lines");
  }
}

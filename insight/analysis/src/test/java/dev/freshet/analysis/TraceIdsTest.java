package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Calls are told apart by trace ids, whoever wrote them. */
class TraceIdsTest {

  private static Stats stats(Analysis analysis, LogMetric metric) {
    return Optional.ofNullable(analysis.stats().get(metric)).orElseThrow();
  }

  @Test
  void anyTextInBracketsIsATraceId() {
    List<String> ids =
        List.of(
            "abc123",
            "step-3-replica-0",
            "0123456789ABCDEF",
            "0af7651916cd43dd8448eb211c80319c",
            "f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
            "7",
            "a b [c]",
            "größe");
    StringBuilder log = new StringBuilder();
    for (String id : ids) {
      log.append(
          "[weights][%s] client.send url=http://h/update_weights t=1.000000\n".formatted(id));
      log.append(
          "[weights][%s] rpc.done op=update_weights t=2.000000 rpc_ms=400.0\n".formatted(id));
      log.append("[weights][%s] client.done wall_ms=500.0\n".formatted(id));
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString());

    assertThat(analysis.counts()).isEqualTo(new Analysis.Counts(ids.size(), 0, 0, 0));
    assertThat(stats(analysis, LogMetric.QUEUE).max()).isEqualTo(100);
    assertThat(analysis.updates())
        .extracting(Analysis.Update::trace)
        .contains("abc123", "step-3-replica-0", "0123456789abcdef", "a b [c]");
  }

  @Test
  void aTraceparentsIdIsJoinedWithItsLowHalfButUuidsOfOneHostAreNot() {
    String call =
        """
        [weights][0af7651916cd43dd8448eb211c80319c] client.done wall_ms=500.0
        [weights][8448eb211c80319c] rpc.done op=update_weights t=2.000000 rpc_ms=400.0
        """;
    assertThat(AnalyzedLogs.analyze(call).counts().succeeded()).isEqualTo(1);

    StringBuilder calls = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      calls.append(
          "[weights][%08x-7dec-11d0-a765-00a0c91e6bf6] client.done wall_ms=5.0 rpc_ms=3.0 queue_ms=2.0\n"
              .formatted(i));
      calls.append(
          "[weights][%08x7dec11d0a76500a0c91e6bf7] client.done wall_ms=5.0 rpc_ms=3.0 queue_ms=2.0\n"
              .formatted(i));
    }
    assertThat(AnalyzedLogs.analyze(calls.toString()).counts().succeeded()).isEqualTo(200);
  }

  @Test
  void callsUnderOneTraceIdAllCount() {
    StringBuilder client = new StringBuilder();
    StringBuilder server = new StringBuilder();
    int calls = 3 * CallBook.MOST_OF_TRACE;
    for (int i = 0; i < calls; i++) {
      String own = "[weights][trainer] ";
      client.append(own + "client.send url=http://h/update_weights t=%d.000000\n".formatted(i));
      server.append(own + "rpc.done op=update_weights t=%d.500000 rpc_ms=400.0\n".formatted(i));
      client.append(
          own + "client.done wall_ms=%d.5 rpc_ms=400.0 queue_ms=10.0\n".formatted(500 + i));
    }

    Analysis analysis = AnalyzedLogs.analyze(client.toString());
    assertThat(stats(analysis, LogMetric.WALL).count()).isEqualTo(calls);
    assertThat(stats(analysis, LogMetric.WALL).max()).isEqualTo(499.5 + calls);

    String few = client.substring(0, client.indexOf(" t=900.000000"));
    assertThat(
            AnalyzedLogs.analyze(
                    few,
                    server.toString().lines().limit(900).collect(Collectors.joining("\n")),
                    few)
                .counts())
        .isEqualTo(new Analysis.Counts(900, 0, 1, 0));
  }

  @Test
  void manyCallsUnderManyTraceIdsAllCountInBoundedMemory() {
    StringBuilder log = new StringBuilder();
    int calls = CallBook.MOST + 9000;
    for (int i = 0; i < calls; i++) {
      log.append(
          "[weights][%d] client.done wall_ms=%d.5 rpc_ms=1.0 queue_ms=1.0\n".formatted(i % 200, i));
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString());

    assertThat(stats(analysis, LogMetric.WALL).count()).isEqualTo(calls);
    assertThat(analysis.updates().size()).isEqualTo(CallBook.MOST);
  }

  @Test
  void moreTracesThanAreKeptStillCountOnceEach() {
    StringBuilder log = new StringBuilder();
    int calls = CallBook.MOST + 5000;
    for (int i = 0; i < calls; i++) {
      log.append(
          "[weights][%016x] client.done wall_ms=20.0 rpc_ms=15.0 queue_ms=5.0\n".formatted(i));
    }

    Analysis analysis = AnalyzedLogs.analyze(log.toString(), log.toString());

    assertThat(stats(analysis, LogMetric.QUEUE).count()).isEqualTo(calls);
    assertThat(analysis.notes()).anyMatch(note -> note.contains("of the newest"));
  }
}

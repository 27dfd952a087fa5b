package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.analysis.report.JsonReport;
import dev.freshet.analysis.report.TextReport;
import dev.freshet.trace.UpdatePart;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Every part that {@link UpdatePart} lists gets from the log to the reports. */
class UpdatePartsTest {
  /** A line with every part, each with a figure of its own. */
  private static Analysis analysis() {
    StringBuilder line = new StringBuilder("[weights][00000000000000aa] client.done");
    for (UpdatePart part : UpdatePart.values()) {
      line.append(" %s=%.1f".formatted(part.wireName(), ms(part)));
    }
    return AnalyzedLogs.analyze(line.append(" unheard_of_ms=7.0\n").toString());
  }

  private static double ms(UpdatePart part) {
    return 1000.5 + List.of(UpdatePart.values()).indexOf(part);
  }

  @ParameterizedTest
  @EnumSource
  void aPartInTheLogIsKnownToTheAnalysis(UpdatePart part) {
    assertThat(analysis().calls().getFirst().ms(part)).isEqualTo(ms(part));
    assertThat(analysis().updates().getFirst().ms(part)).isEqualTo(ms(part));
  }

  @ParameterizedTest
  @EnumSource
  void aPartThatIsNoPhaseIsInTheJsonReport(UpdatePart part) {
    JsonNode update =
        new ObjectMapper().readTree(JsonReport.of(analysis())).path("slowest_updates").path(0);

    boolean reported = !part.isPhase() && part != UpdatePart.TRANSFER;
    assertThat(update.has(part.wireName())).isEqualTo(reported);
    assertThat(update.path(part.wireName()).asDouble(ms(part))).isEqualTo(ms(part));
  }

  @Test
  void theReportsNameThePartsInTheirOrder() {
    JsonNode update =
        new ObjectMapper().readTree(JsonReport.of(analysis())).path("slowest_updates").path(0);

    assertThat(update.propertyNames())
        .containsExactly(
            "trace",
            "op",
            "line",
            "wall_ms",
            "queue_ms",
            "rpc_ms",
            "send_to_recv_ms",
            "connect_ms",
            "accept_ms",
            "handler_ms",
            "answer_ms",
            "stall_ms",
            "inflight");
    assertThat(TextReport.of(analysis()))
        .containsPattern(
            "trace +wall_ms +queue_ms +rpc_ms +send→recv +connect +accept +handler +answer +inflight"
                + " +line");
  }
}

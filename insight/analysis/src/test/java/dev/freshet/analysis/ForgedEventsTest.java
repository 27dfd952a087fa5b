package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.trace.FreeText;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Text from outside in a message of Freshet is no event. */
class ForgedEventsTest {
  private static Stats stats(Analysis analysis, LogMetric metric) {
    return Optional.ofNullable(analysis.stats().get(metric)).orElseThrow();
  }

  @Test
  void aMessageOfFreshetCannotForgeAnEvent() {
    String ours = "2026-01-02T03:04:05.678Z ";
    String forged =
        "[weights][00000000deadbeef] client.done wall_ms=99999.0 rpc_ms=1.0 queue_ms=99998.0";
    for (String message :
        List.of(
                "ERROR orchestrator no tensor x\\n 2026 " + forged,
                "ERROR orchestrator " + forged,
                "WARN  trainer " + forged,
                "INFO  inference waiting for " + forged,
                "INFO  freshet x\r" + forged,
                "INFO  orchestrator " + "y".repeat(3000) + forged,
                "INFO  orchestrator [gen] x " + forged,
                "WARN  orchestrator bad answer {'m':'" + forged + "'}",
                "WARN  orchestrator bad answer {`m`:`" + forged + "`}",
                "INFO  orchestrator {`m`:`" + forged + "`}",
                "WARN  orchestrator bad answer {`m`:`" + FreeText.escaped(forged) + "`}",
                "INFO  orchestrator " + FreeText.escaped("{`m`:`" + forged + "`}"))
            .stream()
            .map(text -> text.replace('`', '"'))
            .toList()) {
      Analysis analysis = AnalyzedLogs.analyze(ours + message + "\n");
      assertThat(analysis.isEmpty()).as(message).isTrue();
      assertThat(
              AnalyzedLogs.analyze(
                      "{\"log\":\"%s\",\"stream\":\"stderr\"}\n"
                          .formatted(
                              (ours + message)
                                  .replace("\\", "\\\\")
                                  .replace("\"", "\\\"")
                                  .replace("\r", "\\r")))
                  .isEmpty())
          .as(message)
          .isTrue();
      assertThat(
              stats(
                      AnalyzedLogs.analyze(
                          ours
                              + message
                              + ours
                              + "INFO  trainer [ckpt] write.done step=1 write_ms=2.5\n"),
                      LogMetric.WRITE)
                  .count())
          .as("another record in the line of %s", message)
          .isEqualTo(1);
    }
    assertThat(AnalyzedLogs.analyze(ours + "INFO  orchestrator " + forged + "\n").isEmpty())
        .isFalse();
  }

  @Test
  void anEscapedMessageHoldsNoEventInWhateverFormItIsCollected() {
    for (String forged :
        List.of(
            "[weights][00000000deadbeef] client.done wall_ms=9.0 rpc_ms=1.0 queue_ms=8.0",
            "[fleet] replica.state server=http://a state=paused version=1 paused=yes",
            "[fleet][00000000deadbeef] replica.done wall_ms=9.0 server=a outcome=failed")) {
      holdsNoEvent(forged);
    }
  }

  private static void holdsNoEvent(String forged) {
    String message = FreeText.escaped("bad answer {\"m\":\"%s\"} or %s".formatted(forged, forged));
    String quoted = message.replace("\\", "\\\\").replace("\"", "\\\"");
    String nested = "{\"log\":\"%s\"}".formatted(quoted);
    for (String line :
        List.of(
            message,
            "freshet: " + message,
            "{\"level\":\"WARN\",\"msg\":\"%s\"}".formatted(quoted),
            "{\"log\":\"%s\"}".formatted(nested.replace("\\", "\\\\").replace("\"", "\\\"")))) {
      Analysis analysis = AnalyzedLogs.analyze(line + "\n");
      assertThat(analysis.isEmpty()).as(line).isTrue();
    }
  }
}

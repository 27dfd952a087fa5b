package dev.freshet.process;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LineLayoutTest {
  private static final String FORGED =
      "x\n2026-01-02T03:04:05.678Z INFO  orchestrator [weights][00000000deadbeef] client.done"
          + " wall_ms=99999.0 rpc_ms=1.0 queue_ms=99998.0";

  private final LoggerContext context = new LoggerContext();

  private String line(String logger, String message, @Nullable Throwable thrown, Object... args) {
    LineLayout layout = new LineLayout("trainer", "events.");
    return layout.doLayout(
        new LoggingEvent(
            getClass().getName(), context.getLogger(logger), Level.WARN, message, thrown, args));
  }

  @Test
  void aLineIsTimeLevelRoleAndMessage() {
    assertThat(line("a.b", "read {}", null, 3))
        .matches(
            "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d) WARN  trainer"
                + " read 3\\R");
  }

  @Test
  void anEventIsWrittenAsItIs() {
    assertThat(line("events.trainer", "[ckpt] write.done step=1 write_ms=2.0", null))
        .endsWith(" trainer [ckpt] write.done step=1 write_ms=2.0" + System.lineSeparator());
  }

  @Test
  void aMessageCannotForgeALineOrATag() {
    assertThat(line("a.b", "no tensor {}", null, FORGED))
        .hasLineCount(1)
        .doesNotContain("[weights]");
  }

  @Test
  void anExceptionsMessagesCannotForgeALineOrATag() {
    IOException thrown = new IOException(FORGED, new IllegalStateException(FORGED));
    thrown.addSuppressed(new IOException(FORGED));

    String lines = line("a.b", "failed", thrown);

    assertThat(lines).doesNotContain("[weights]").contains("Caused by: ", "Suppressed: ");
    assertThat(lines.lines().skip(1)).noneMatch(text -> text.startsWith("2026"));
    assertThat(lines.lines().filter(text -> text.contains("deadbeef"))).hasSize(3);
  }
}

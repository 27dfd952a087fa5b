package dev.freshet.process;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(60)
class ThreadDumpsTest {
  @Test
  void afterItsFileWasDeletedOneLineIsLoggedAndDumpsAreStillDetected() throws Exception {
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    Logger logger = (Logger) LoggerFactory.getLogger(ThreadDumps.class);
    logger.setLevel(Level.WARN);
    logger.addAppender(lines);
    try (ThreadDumps dumps = ThreadDumps.watch()) {
      for (int i = 1; i <= 3; i++) {
        Path deleted = dumps.log().orElseThrow();
        Files.delete(deleted);
        for (int look = 0; look < 5; look++) {
          assertThat(dumps.requested()).isFalse();
        }

        assertThat(lines.list).hasSize(i).allMatch(line -> line.getThrowableProxy() == null);
        assertThat(dumps.log().orElseThrow()).exists().isNotEqualTo(deleted);
        dumpThreads();
        while (!dumps.requested()) {
          Thread.sleep(Duration.ofMillis(1));
        }
      }
    } finally {
      logger.detachAppender(lines);
    }
  }

  private static void dumpThreads() throws Exception {
    ManagementFactory.getPlatformMBeanServer()
        .invoke(
            new ObjectName("com.sun.management:type=DiagnosticCommand"),
            "threadPrint",
            new Object[] {new String[0]},
            new String[] {String[].class.getName()});
  }
}

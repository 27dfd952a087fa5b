package dev.freshet.process;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.freshet.trace.RecentLines;
import dev.freshet.trace.waits.WaitRegistry;
import dev.freshet.trace.waits.Waits;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

@Timeout(120)
class StallRecorderTest {
  private static final Duration DEADLINE = Duration.ofSeconds(2);
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final Duration LONGER = Duration.ofSeconds(3);
  private static final String SERVER = "inference http://a:8000";

  @TempDir Path reports;

  /** Seconds since 2026-01-02 03:00:00, by both clocks. */
  private final AtomicLong nanos = new AtomicLong();

  private final WaitRegistry waits = new WaitRegistry(nanos::get);

  private StallRecorder recorder(String role) {
    return recorder(role, StallRecorder.OtherRoles.NONE);
  }

  private StallRecorder recorder(String role, StallRecorder.OtherRoles others) {
    InstantSource time = () -> Instant.parse("2026-01-02T03:00:00Z").plusNanos(nanos.get());
    Clock clock = time.withZone(ZoneOffset.UTC);
    return new StallRecorder(
        role,
        "[run]\n",
        others,
        reports,
        new RecentLines(clock),
        waits,
        clock,
        Duration.ofMillis(5));
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  /** A wait for {@code what} that ends a second after its deadline. */
  private void stall(String what) {
    try (Waits.Open _ = waits.begin("trainer", what, "orchestrator", DEADLINE)) {
      pass(LONGER);
    }
  }

  /** The names of all complete records. */
  private List<String> records() throws IOException {
    try (Stream<Path> files = Files.list(reports)) {
      return files
          .filter(dir -> Files.exists(dir.resolve("threads.txt")))
          .map(dir -> dir.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("time to await %s", what).isLessThan(end);
      Thread.sleep(2);
    }
  }

  private static String stallAt(int second) {
    return "stall-trainer-20260102-0300%02d.000".formatted(second);
  }

  @Test
  void theNewestTenStallsAreKeptAndTheRecorderNeverStops() throws Exception {
    try (StallRecorder _ = recorder("trainer")) {
      for (int i = 1; i <= 13; i++) {
        stall("batch " + i);
        String newest = stallAt(3 * i);
        await(newest, () -> records().contains(newest));
      }
    }

    assertThat(records()).hasSize(StallRecorder.KEPT).startsWith(stallAt(12)).endsWith(stallAt(39));
    assertThat(reports.resolve(stallAt(39)).resolve("waits.txt"))
        .content()
        .startsWith(
            "trainer waited for batch 13 on orchestrator past its deadline, 3.0 s of 2.0 s");
  }

  @Test
  void theNewestTenThreadDumpsAreKept() throws Exception {
    try (StallRecorder _ = recorder("trainer")) {
      for (int i = 1; i <= 12; i++) {
        pass(Duration.ofSeconds(1));
        requestThreadDump();
        String newest = "dump-trainer-20260102-0300%02d.000".formatted(i);
        await(newest, () -> records().contains(newest));
      }
    }

    assertThat(records())
        .hasSize(StallRecorder.KEPT)
        .startsWith("dump-trainer-20260102-030003.000");
  }

  @Test
  void recordsOfOtherRolesOtherKindsAndOtherFilesAreLeftAlone() throws Exception {
    List<String> others =
        List.of(
            "dump-trainer-20250101-000000.000",
            "stall-trainer-20250101-000000.000-mine",
            "stall-trainer-b-20250101-000000.000",
            "stall-run-20250101-000000.000");
    for (String other : others) {
      Files.createFile(Files.createDirectory(reports.resolve(other)).resolve("threads.txt"));
    }
    Files.createFile(reports.resolve("trace.json"));
    for (int i = 0; i < 15; i++) {
      Path earlier = reports.resolve("stall-trainer-20250101-0000%02d.000".formatted(i));
      Files.createFile(Files.createDirectory(earlier).resolve("threads.txt"));
    }

    try (StallRecorder _ = recorder("trainer")) {
      stall("batch 1");
    }

    assertThat(records())
        .containsAll(others)
        .hasSize(others.size() + StallRecorder.KEPT)
        .contains("stall-trainer-20250101-000014.000", stallAt(3))
        .doesNotContain("stall-trainer-20250101-000005.000");
    assertThat(reports.resolve("trace.json")).exists();
  }

  @Test
  void stallsOfOneCauseAreRecordedOnceInTenMinutes() throws Exception {
    try (StallRecorder _ = recorder("trainer")) {
      stall("batch 1");
      await("the first", () -> records().size() == 1);
      stall("batch 1");
      stall("batch 2");
      await("another cause", () -> records().size() == 2);
      pass(Duration.ofMinutes(10));
      stall("batch 1");
      await("the first again", () -> records().size() == 3);
    }

    assertThat(records()).hasSize(3);
  }

  @Test
  void aWaitThatIsStillOpenPastItsDeadlineIsRecordedOnce() throws Exception {
    try (StallRecorder _ = recorder("trainer");
        Waits.Open _ = waits.begin("trainer", "batch 7", "orchestrator", DEADLINE)) {
      pass(LONGER);
      await("the record", () -> records().size() == 1);
      stall("batch 8"); // Once it is recorded, the recorder has looked at batch 7 again.
      await("the record of another stall", () -> records().size() == 2);
    }

    assertThat(records()).hasSize(2);
  }

  @Test
  void recordsOfOneMillisecondHaveDifferentNames() throws Exception {
    try (StallRecorder _ = recorder("trainer");
        Waits.Open _ = waits.begin("trainer", "batch 1", "orchestrator", DEADLINE);
        Waits.Open _ = waits.begin("trainer", "batch 2", "orchestrator", DEADLINE)) {
      pass(LONGER);
      await("both", () -> records().size() == 2);
    }

    assertThat(records()).containsExactly(stallAt(3), "stall-trainer-20260102-030003.001");
  }

  private static void requestThreadDump() throws Exception {
    var _ =
        ManagementFactory.getPlatformMBeanServer()
            .invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"),
                "threadPrint",
                new Object[] {new String[0]},
                new String[] {String[].class.getName()});
  }

  @Test
  void aWaitWithoutProgressForHalfAMinuteIsLoggedLongBeforeItsDeadline() throws Exception {
    List<String> lines;
    try (StallRecorder _ = recorder("orchestrator");
        Waits.Open _ = waits.begin("orchestrator", "a completion", SERVER, LONG)) {
      lines = linesAfter(Duration.ofSeconds(31));
    }

    assertThat(lines)
        .containsExactly(
            "no progress for 31 s: orchestrator waits for a completion (owner: inference"
                + " http://a:8000), 31.0 s of 600.0 s; see docs/runbook/hang.md");
    assertThat(records()).isEmpty();
  }

  @Test
  void aPauseThatAnotherProcessForgotIsNamedByTheRoleThatWaitsForItsServer() throws Exception {
    WaitRegistry server = new WaitRegistry(nanos::get);
    List<String> lines;
    try (StallRecorder _ = recorder("orchestrator", _ -> server.open());
        Waits.Open _ = waits.begin("orchestrator", "a completion", SERVER, LONG)) {
      pass(Duration.ofSeconds(1));
      try (Waits.Open _ =
          server.begin("inference", "POST /resume", "the client that paused it", LONG)) {
        lines = linesAfter(Duration.ofSeconds(29));
      }
    }

    assertThat(lines)
        .containsExactly(
            "no progress for 30 s: orchestrator waits for a completion (owner: inference"
                + " http://a:8000), 30.0 s of 600.0 s; inference waits for POST /resume (owner: the"
                + " client that paused it), 29.0 s of 600.0 s; see docs/runbook/hang.md");
  }

  /** What is logged once {@code time} has passed. */
  private List<String> linesAfter(Duration time) throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger(StallRecorder.class);
    List<String> lines = new CopyOnWriteArrayList<>();
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage());
          }
        };
    appender.start();
    logger.setLevel(Level.WARN);
    logger.addAppender(appender);
    try {
      pass(time);
      await("the line", () -> !lines.isEmpty());
    } finally {
      logger.detachAppender(appender);
      logger.setLevel(null);
    }
    return lines;
  }
}

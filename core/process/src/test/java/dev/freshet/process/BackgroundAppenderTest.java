package dev.freshet.process;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BackgroundAppenderTest {
  private final LoggerContext context = new LoggerContext();
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final ByteArrayOutputStream alarm = new ByteArrayOutputStream();

  /** A disk that stalls until it is freed, or that is full for some writes. */
  private final class Disk extends OutputStream {
    private final CountDownLatch free = new CountDownLatch(1);
    private final AtomicInteger full = new AtomicInteger();

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      try {
        assertThat(free.await(30, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      if (full.get() > 0) {
        full.decrementAndGet();
        written.write(bytes, from, count / 2);
        throw new IOException("No space left on device");
      }
      written.write(bytes, from, count);
    }
  }

  private BackgroundAppender appender(OutputStream out) {
    return appender(out, new PatternLayoutEncoder());
  }

  private BackgroundAppender appender(OutputStream out, PatternLayoutEncoder encoder) {
    encoder.setContext(context);
    encoder.setPattern("%msg%n");
    encoder.start();
    BackgroundAppender appender =
        new BackgroundAppender(
            "test", encoder, out, new PrintStream(alarm, true, StandardCharsets.UTF_8));
    appender.setContext(context);
    appender.start();
    context.getLogger("test").addAppender(appender);
    return appender;
  }

  private List<String> lines() {
    return written.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void aStalledDiskNeverBlocksLoggingAndTheLogCountsTheDroppedLines() {
    Disk disk = new Disk();
    BackgroundAppender appender = appender(disk);

    for (int i = 0; i < 200_000; i++) {
      context.getLogger("test").info("line {}", i);
    }
    disk.free.countDown();
    appender.stop();

    List<String> lines = lines();
    long whole = lines.stream().filter(line -> line.startsWith("line ")).count();
    long missing =
        lines.stream()
            .filter(line -> line.startsWith("lines dropped here"))
            .mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
            .sum();
    assertThat(whole).isGreaterThanOrEqualTo(1 << 16);
    assertThat(whole + missing).isEqualTo(200_000);
    assertThat(lines.getFirst()).isEqualTo("line 0");
  }

  @Test
  void linesLostToAFullDiskAreCountedAndLaterOnesAreWhole() throws Exception {
    Disk disk = new Disk();
    disk.full.set(1);
    disk.free.countDown();
    BackgroundAppender appender = appender(disk);

    context.getLogger("test").info("a first line that is torn");
    while (disk.full.get() > 0) {
      Thread.sleep(Duration.ofMillis(1));
    }
    context.getLogger("test").info("a second");
    appender.stop();

    List<String> lines = lines();
    assertThat(lines.getFirst()).startsWith("a first line");
    assertThat(lines).contains("a second").anyMatch(line -> line.endsWith("not fast enough: 1"));
    assertThat(alarm.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "freshet: the log of test cannot be written: No space left on device; lines are dropped until it can");
  }

  @Test
  void aLineThatFailsWithAnErrorIsSaidAndCountedAndTheLogGoesOn() {
    BackgroundAppender appender =
        appender(
            written,
            new PatternLayoutEncoder() {
              @Override
              public byte[] encode(ILoggingEvent line) {
                return switch (line.getFormattedMessage()) {
                  case "overflows" -> throw new StackOverflowError();
                  case "is unlinked" -> throw new NoClassDefFoundError("Converter");
                  case "is odd" -> throw new IllegalStateException("odd");
                  case "has no memory" -> throw new OutOfMemoryError("Java heap space");
                  default -> super.encode(line);
                };
              }
            });

    for (String fault : List.of("overflows", "is unlinked", "is odd", "has no memory")) {
      context.getLogger("test").info("before it {}", fault);
      context.getLogger("test").info(fault);
      while (!alarm.toString(StandardCharsets.UTF_8).contains("freshet: the log of test")) {
        Thread.onSpinWait();
      }
      assertThat(alarm.toString(StandardCharsets.UTF_8).lines()).hasSize(1);
      alarm.reset();
      context.getLogger("test").info("after it {}", fault);
      while (!written.toString(StandardCharsets.UTF_8).contains("after it " + fault)) {
        Thread.onSpinWait();
      }
    }
    appender.stop();

    assertThat(lines().stream().filter(line -> line.startsWith("lines dropped here")).count())
        .isEqualTo(4);
  }

  @Test
  void aStreamThatFailsWithAnErrorIsSaidOnceAndTheLogGoesOn() throws Exception {
    AtomicInteger faults = new AtomicInteger(3);
    BackgroundAppender appender =
        appender(
            new OutputStream() {
              @Override
              public void write(int b) {
                write(new byte[] {(byte) b}, 0, 1);
              }

              @Override
              public void write(byte[] bytes, int from, int count) {
                if (faults.getAndDecrement() > 0) {
                  throw new OutOfMemoryError("direct buffer memory");
                }
                written.write(bytes, from, count);
              }
            });
    for (int i = 3; i > 0; i--) {
      context.getLogger("test").info("lost");
      while (faults.get() >= i) {
        Thread.sleep(Duration.ofMillis(1));
      }
    }
    context.getLogger("test").info("kept");
    appender.stop();

    assertThat(lines()).contains("kept").anyMatch(line -> line.endsWith("not fast enough: 3"));
    assertThat(alarm.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "freshet: the log of test cannot be written: java.lang.OutOfMemoryError: direct buffer memory; lines are dropped until it can");
  }
}

package dev.freshet.process;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import dev.freshet.trace.ThreadPriority;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.LoggerFactory;

/**
 * Writes log lines on its own thread, so that logging never blocks, on an event loop for example. A
 * line is dropped if {@value #QUEUED} are queued or if it cannot be written; the next line that is
 * written is preceded by the number of dropped lines. The thread outlives everything that a line
 * throws, errors too, and says on another stream why lines are dropped. Owns the stream.
 */
final class BackgroundAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
  private static final int QUEUED = 1 << 16;
  private static final int BATCH = 1024;
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final Duration END = Duration.ofSeconds(10);

  private final Encoder<ILoggingEvent> encoder;
  private final OutputStream out;
  private final BlockingQueue<ILoggingEvent> lines = new ArrayBlockingQueue<>(QUEUED);
  private final AtomicLong dropped = new AtomicLong();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread writer;

  /** Where it says that lines are dropped: not a log, whose writer may have the same fault. */
  private final PrintStream alarm;

  private boolean failing;
  private boolean torn;

  BackgroundAppender(
      String name, Encoder<ILoggingEvent> encoder, OutputStream out, PrintStream alarm) {
    this.encoder = encoder;
    this.out = out;
    this.alarm = alarm;
    this.writer = Thread.ofPlatform().name("freshet-log-" + name).daemon().unstarted(this::write);
    setName(name);
  }

  @Override
  public void start() {
    super.start();
    writer.start();
  }

  @Override
  protected void append(ILoggingEvent line) {
    var _ = line.getFormattedMessage(); // Formats now, because the arguments may change later.
    if (!lines.offer(line)) {
      dropped.incrementAndGet();
    }
  }

  /** Runs until the appender is stopped and all lines are written. */
  private void write() {
    ThreadPriority.lower(ThreadPriority.COMPUTE);
    try (out) {
      while (closing.getCount() > 0 || !lines.isEmpty()) {
        ILoggingEvent first = lines.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
        if (first != null) {
          List<ILoggingEvent> batch = new ArrayList<>(BATCH);
          batch.add(first);
          lines.drainTo(batch, BATCH - 1);
          write(batch);
        }
      }
      write(List.of());
    } catch (InterruptedException e) {
      say("was interrupted; its lines are no longer written");
    } catch (IOException e) {
      say("cannot be closed: " + e.getMessage());
    }
  }

  private void write(List<ILoggingEvent> batch) {
    long lost = dropped.getAndSet(0);
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      if (torn) {
        bytes.write('\n');
      }
      if (lost > 0) {
        bytes.writeBytes(encoder.encode(notice(lost)));
      }
      int encoded = 0;
      for (ILoggingEvent line : batch) {
        encoded += encode(line, bytes) ? 1 : 0;
      }
      bytes.writeTo(out);
      out.flush();
      torn = false;
      failing = encoded < batch.size();
      dropped.addAndGet(batch.size() - encoded);
    } catch (IOException | RuntimeException | Error e) {
      torn = true;
      dropped.addAndGet(lost + batch.size());
      failed(e);
    }
  }

  /**
   * Encodes a line, so that one that cannot be encoded is dropped alone; returns whether it was.
   */
  private boolean encode(ILoggingEvent line, ByteArrayOutputStream to) {
    try {
      to.writeBytes(encoder.encode(line));
      return true;
    } catch (RuntimeException | StackOverflowError | LinkageError e) {
      failed(e);
      return false;
    }
  }

  private void failed(Throwable e) {
    if (!failing) {
      failing = true;
      say(
          "cannot be written: "
              + (e instanceof IOException ? e.getMessage() : e.toString())
              + "; lines are dropped until it can");
    }
  }

  private void say(String what) {
    alarm.println("freshet: the log of " + name + " " + what);
  }

  private static ILoggingEvent notice(long lines) {
    return new LoggingEvent(
        BackgroundAppender.class.getName(),
        ((LoggerContext) LoggerFactory.getILoggerFactory())
            .getLogger(BackgroundAppender.class.getName()),
        Level.WARN,
        "lines dropped here, because the log could not be written or not fast enough: {}",
        null,
        new Object[] {lines});
  }

  @Override
  public void stop() {
    if (!isStarted()) {
      return;
    }
    super.stop();
    closing.countDown();
    try {
      if (!writer.join(END)) {
        say("was not flushed within %d ms".formatted(END.toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

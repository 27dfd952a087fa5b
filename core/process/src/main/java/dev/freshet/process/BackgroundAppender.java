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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a thread of its own write the lines, so that whoever logs, an event loop among them, waits
 * neither for the disk nor for a console that takes nothing. A line that comes while {@value
 * #QUEUED} wait, or that cannot be written, is left out; the next line that is written tells how
 * many were. It owns the stream.
 */
final class BackgroundAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
  private static final Logger LOG = LoggerFactory.getLogger(BackgroundAppender.class);
  private static final int QUEUED = 1 << 16;
  private static final int BATCH = 1024;
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final Duration END = Duration.ofSeconds(10);

  private final Encoder<ILoggingEvent> encoder;
  private final OutputStream out;
  private final BlockingQueue<ILoggingEvent> lines = new ArrayBlockingQueue<>(QUEUED);
  private final AtomicLong leftOut = new AtomicLong();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread writer;
  private boolean failing;
  private boolean torn;

  BackgroundAppender(String name, Encoder<ILoggingEvent> encoder, OutputStream out) {
    this.encoder = encoder;
    this.out = out;
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
    var _ = line.getFormattedMessage(); // It may tell of what changes later.
    if (!lines.offer(line)) {
      leftOut.incrementAndGet();
    }
  }

  /** Until it is to end and all lines are written. */
  private void write() {
    ThreadPriority.lower(ThreadPriority.COMPUTE);
    List<ILoggingEvent> batch = new ArrayList<>(BATCH);
    try (out) {
      while (closing.getCount() > 0 || !lines.isEmpty()) {
        ILoggingEvent first = lines.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
        if (first != null) {
          batch.add(first);
          lines.drainTo(batch, BATCH - 1);
          write(batch);
          batch.clear();
        }
      }
      write(List.of());
    } catch (InterruptedException e) {
      LOG.warn("the log of {} was interrupted and is written no more", name);
    } catch (IOException e) {
      LOG.warn("the log of {} cannot be closed: {}", name, e.getMessage());
    }
  }

  private void write(List<ILoggingEvent> batch) {
    long missing = leftOut.getAndSet(0);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    if (torn) {
      bytes.write('\n');
    }
    if (missing > 0) {
      bytes.writeBytes(encoder.encode(missing(missing)));
    }
    batch.forEach(line -> bytes.writeBytes(encoder.encode(line)));
    try {
      bytes.writeTo(out);
      out.flush();
      torn = false;
      failing = false;
    } catch (IOException e) {
      torn = true;
      leftOut.addAndGet(missing + batch.size());
      if (!failing) {
        failing = true;
        LOG.warn(
            "the log of {} cannot be written: {}; lines are left out until it can",
            name,
            e.getMessage());
      }
    }
  }

  private static ILoggingEvent missing(long lines) {
    return new LoggingEvent(
        BackgroundAppender.class.getName(),
        ((LoggerContext) LoggerFactory.getILoggerFactory())
            .getLogger(BackgroundAppender.class.getName()),
        Level.WARN,
        "lines left out here, which could not be written or not as fast as they came: {}",
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
        LOG.warn("the log of {} has not been written out within {} ms", name, END.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

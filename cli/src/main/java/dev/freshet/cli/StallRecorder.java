package dev.freshet.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import dev.freshet.trace.RecentLines;
import dev.freshet.trace.ThreadPriority;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.WaitGraph;
import dev.freshet.trace.waits.Waits;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records what the process waited for when a wait went past its deadline: {@code
 * report/stall-<time>/} of the run with {@code waits.txt}, {@code threads.txt} (virtual threads
 * too), {@code events.log} (the newest events) and {@code config.toml}; at most {@value #MOST} of
 * them. Its thread also bears the state of the waits as its name, so that a thread dump, as the JVM
 * makes it on SIGQUIT, has it.
 */
final class StallRecorder implements AutoCloseable {
  private static final int MOST = 10;
  private static final int NAME = 240;
  private static final Duration TICK = Duration.ofSeconds(1);
  private static final Duration END = Duration.ofSeconds(5);
  private static final Logger LOG = LoggerFactory.getLogger(StallRecorder.class);
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss.SSS");

  private record Stall(Wait late, List<Wait> open) {}

  private final Path config;
  private final Path reports;
  private final RecentLines events;
  private final BlockingQueue<Stall> stalls = new ArrayBlockingQueue<>(1);
  private final Waits.Overdue listener = (wait, open) -> stalls.offer(new Stall(wait, open));
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;
  private int written;

  /** Begins to record for the run. */
  StallRecorder(RunDirectory run, RecentLines events) {
    this.config = run.path().resolve("config.toml");
    this.reports = run.path().resolve("report");
    this.events = events;
    this.thread = Thread.ofPlatform().name("freshet-waits").daemon().start(this::record);
    Waits.listen(listener);
  }

  private void record() {
    ThreadPriority.lower(ThreadPriority.COMPUTE);
    boolean open = true;
    while (open) {
      try {
        open = !closing.await(TICK.toMillis(), TimeUnit.MILLISECONDS);
        String state = "freshet-waits: " + new WaitGraph(Waits.open()).verdict();
        thread.setName(state.substring(0, Math.min(state.length(), NAME)));
        Stall stall = stalls.poll();
        if (stall != null && written < MOST) {
          written++;
          write(stall);
        }
      } catch (InterruptedException e) {
        return;
      } catch (IOException e) {
        LOG.error("a stall cannot be recorded in {}: {}", reports, e.getMessage(), e);
      }
    }
  }

  private void write(Stall stall) throws IOException {
    Path dir =
        Files.createDirectories(
            reports.resolve("stall-" + LocalDateTime.now(ZoneId.systemDefault()).format(STAMP)));
    WaitGraph graph = new WaitGraph(stall.open());
    Files.writeString(
        dir.resolve("waits.txt"),
        "%s waited for %s on %s longer than it may, %s.%n%s"
            .formatted(
                stall.late().role(),
                stall.late().what(),
                stall.late().on(),
                stall.late().duration(),
                graph.text()));
    Files.write(dir.resolve("events.log"), events.lines());
    ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
        .dumpThreads(
            dir.resolve("threads.txt").toAbsolutePath().toString(), ThreadDumpFormat.TEXT_PLAIN);
    if (Files.exists(config)) {
      Files.copy(config, dir.resolve("config.toml"));
    }
    LOG.warn("{} Recorded in {}", graph.verdict(), dir);
  }

  @Override
  public void close() {
    Waits.remove(listener);
    closing.countDown();
    try {
      if (!thread.join(END)) {
        LOG.warn("the recorder of stalls has not ended within {} ms", END.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

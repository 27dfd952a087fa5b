package dev.freshet.process;

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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records what the process waited for when a wait went past its deadline, whether it has ended or
 * not, and when the JVM is asked for a thread dump: {@code stall-<role>-<time>/} or {@code
 * dump-<role>-<time>/} with {@code waits.txt}, {@code threads.txt} (virtual threads too), {@code
 * events.log} (the newest events) and {@code config.toml}; at most {@value #MOST} of either. Its
 * thread also bears the state of the waits as its name, so that the thread dump itself has it.
 */
public final class StallRecorder implements AutoCloseable {
  private static final int MOST = 10;
  private static final int NAME = 240;
  private static final Duration TICK = Duration.ofSeconds(1);

  /** After how long the same is recorded again. */
  private static final Duration AGAIN = Duration.ofMinutes(10);

  /** For a record that is being made, for which roles that do not answer are asked. */
  private static final Duration END = Duration.ofSeconds(15);

  private static final Logger LOG = LoggerFactory.getLogger(StallRecorder.class);
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss.SSS");

  /** The roles of a run in other processes. */
  @FunctionalInterface
  public interface OtherRoles {
    /** All roles of the run are in this process, or none of the others is known. */
    OtherRoles NONE = _ -> List.of();

    /**
     * Asks every role for its open waits.
     *
     * @param unreachable receives one line for each role that did not answer
     */
    List<Wait> waits(Consumer<String> unreachable) throws InterruptedException;
  }

  private record Stall(Wait late, List<Wait> open) {
    String text() {
      return "%s waited for %s on %s longer than it may, %s."
          .formatted(late.role(), late.what(), late.on(), late.duration());
    }

    /** What waits of one cause have in common, such as all completions of a server that hangs. */
    String key() {
      return String.join("\n", late.role(), late.what(), late.on());
    }
  }

  private final String role;
  private final String config;
  private final OtherRoles others;
  private final Path reports;
  private final RecentLines events;
  private final BlockingQueue<Stall> stalls = new ArrayBlockingQueue<>(MOST);
  private final Waits.Overdue listener = (wait, open) -> stalls.offer(new Stall(wait, open));
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  /** When the stalls that are recorded were, by what was waited for; of the thread's own. */
  private final Map<String, Long> toldNanos = new HashMap<>();

  private int told;
  private int dumps;

  /**
   * Begins to record.
   *
   * @param role whose records they are: {@code run} for all of them
   * @param config the resolved configuration
   * @param others who is asked as well
   * @param reports the directory in which records are made
   */
  public StallRecorder(
      String role, String config, OtherRoles others, Path reports, RecentLines events) {
    this.role = role;
    this.config = config;
    this.others = others;
    this.reports = reports;
    this.events = events;
    this.thread = Thread.ofPlatform().name("freshet-waits").daemon().start(this::record);
    Waits.listen(listener);
  }

  private void record() {
    ThreadPriority.lower(ThreadPriority.COMPUTE);
    try (ThreadDumps asked = ThreadDumps.watch()) {
      while (!closing.await(TICK.toMillis(), TimeUnit.MILLISECONDS)) {
        look(asked);
      }
      look(asked);
    } catch (InterruptedException e) {
      LOG.warn("the recorder of stalls was interrupted and records no more");
    }
  }

  private void look(ThreadDumps asked) throws InterruptedException {
    try {
      List<Wait> open = Waits.open();
      WaitGraph graph = new WaitGraph(open);
      String state = "freshet-waits: " + graph.verdict();
      thread.setName(state.substring(0, Math.min(state.length(), NAME)));
      for (Stall ended = stalls.poll(); ended != null; ended = stalls.poll()) {
        record(ended);
      }
      for (Wait wait : open) {
        if (wait.isOverdue()) {
          record(new Stall(wait, open));
        }
      }
      if (asked.asked() && dumps < MOST) {
        dumps++;
        write("dump-", "A thread dump was asked for.", open);
      }
    } catch (IOException | RuntimeException e) {
      LOG.error("a stall cannot be recorded in {}: {}", reports, e.getMessage(), e);
    }
  }

  private void record(Stall stall) throws IOException, InterruptedException {
    long now = System.nanoTime();
    Long before = toldNanos.get(stall.key());
    if (told < MOST && (before == null || now - before > AGAIN.toNanos())) {
      told++;
      toldNanos.put(stall.key(), now);
      write("stall-", stall.text(), stall.open());
    }
  }

  private void write(String kind, String why, List<Wait> own)
      throws IOException, InterruptedException {
    List<Wait> waits = new ArrayList<>(own);
    StringBuilder silent = new StringBuilder();
    waits.addAll(others.waits(line -> silent.append(line).append('\n')));
    WaitGraph graph = new WaitGraph(waits);
    Path dir =
        Files.createDirectories(
            reports.resolve(
                kind + role + "-" + LocalDateTime.now(ZoneId.systemDefault()).format(STAMP)));
    Files.writeString(dir.resolve("waits.txt"), why + "\n" + graph.text() + silent);
    Files.write(dir.resolve("events.log"), events.lines());
    Files.writeString(dir.resolve("config.toml"), config);
    ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
        .dumpThreads(
            dir.resolve("threads.txt").toAbsolutePath().toString(), ThreadDumpFormat.TEXT_PLAIN);
    LOG.warn("{} {} Recorded in {}", why, graph.verdict(), dir);
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

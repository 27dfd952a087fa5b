package dev.freshet.process;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import dev.freshet.trace.RecentLines;
import dev.freshet.trace.ThreadPriority;
import dev.freshet.trace.waits.HangWatch;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.WaitGraph;
import dev.freshet.trace.waits.WaitRegistry;
import dev.freshet.trace.waits.Waits;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records the waits of a process when one of them exceeds its deadline, in {@code
 * stall-<role>-<time>/}, and when the JVM is asked for a thread dump, in {@code
 * dump-<role>-<time>/}. A record contains {@code waits.txt}, {@code threads.txt} (with virtual
 * threads), {@code events.log} (the newest events) and {@code config.toml}. The newest {@value
 * #KEPT} records of each kind of its role are kept; older ones are deleted. Stalls of one cause are
 * recorded once in {@link #REPEAT}. Hangs ({@link HangWatch}) are logged.
 *
 * <p>The recorder's thread is named after the state of the waits, so that every thread dump shows
 * it.
 */
public final class StallRecorder implements AutoCloseable {
  static final int KEPT = 10;
  private static final String STALL = "stall";
  private static final String DUMP = "dump";
  private static final int MAX_NAME = 240;
  private static final Duration TICK = Duration.ofSeconds(1);
  private static final Duration REPEAT = Duration.ofMinutes(10);

  /** The time that a record in progress gets, in which it asks roles that may not answer. */
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(15);

  private static final String HANG_PAGE = "see docs/runbook/hang.md";

  private static final Logger LOG = LoggerFactory.getLogger(StallRecorder.class);
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss.SSS");
  private static final String STAMP_PATTERN = "[0-9]{8}-[0-9]{6}\\.[0-9]{3}";

  /** The roles of a run in other processes. */
  @FunctionalInterface
  public interface OtherRoles {
    /** All roles of the run are in this process, or no other is known. */
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
      return "%s waited for %s on %s past its deadline, %s."
          .formatted(late.role(), late.what(), late.on(), late.duration());
    }

    /** Equal for waits of one cause, such as all completions of a server that hangs. */
    String key() {
      return String.join("\n", late.role(), late.what(), late.on());
    }
  }

  private final String role;
  private final String config;
  private final OtherRoles others;
  private final Path reports;
  private final RecentLines events;
  private final WaitRegistry waits;
  private final Clock wallClock;
  private final Duration tick;
  private final BlockingQueue<Stall> stalls = new ArrayBlockingQueue<>(KEPT);
  private final WaitRegistry.Overdue listener = (wait, open) -> stalls.offer(new Stall(wait, open));

  private final HangWatch hangs = new HangWatch();

  /** Closed by the thread. */
  private final ThreadDumps dumps;

  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  /** Whether the last look failed, which was logged then. Only the thread uses it. */
  private boolean failing;

  /** When each stall of the last {@link #REPEAT} was recorded; only the thread uses it. */
  private final Map<String, Long> recordedNanos = new HashMap<>();

  /**
   * Starts recording the waits of this process.
   *
   * @param role the role in the names of the records: {@code run} for all roles in one process
   * @param config the resolved configuration
   * @param others the roles that are asked for their waits too
   * @param reports the directory in which records are created
   */
  public StallRecorder(
      String role, String config, OtherRoles others, Path reports, RecentLines events) {
    this(
        role,
        config,
        others,
        reports,
        events,
        Waits.process(),
        Clock.system(ZoneId.systemDefault()),
        TICK);
  }

  /**
   * @param tick how often it looks at the waits
   */
  StallRecorder(
      String role,
      String config,
      OtherRoles others,
      Path reports,
      RecentLines events,
      WaitRegistry waits,
      Clock wallClock,
      Duration tick) {
    this.role = role;
    this.config = config;
    this.others = others;
    this.reports = reports;
    this.events = events;
    this.waits = waits;
    this.wallClock = wallClock;
    this.tick = tick;
    this.dumps = ThreadDumps.watch();
    this.thread = Thread.ofPlatform().name("freshet-waits").daemon().start(this::record);
    waits.listen(listener);
  }

  private void record() {
    ThreadPriority.lower(ThreadPriority.COMPUTE);
    try (dumps) {
      while (!closing.await(tick.toMillis(), TimeUnit.MILLISECONDS)) {
        look();
      }
      look();
    } catch (InterruptedException e) {
      LOG.warn("the stall recorder was interrupted; stalls are no longer recorded");
    }
  }

  private void look() throws InterruptedException {
    try {
      List<Wait> open = waits.open();
      String state = "freshet-waits: " + new WaitGraph(open).verdict();
      thread.setName(state.substring(0, Math.min(state.length(), MAX_NAME)));
      name(hangs.look(open), open);
      for (Stall ended = stalls.poll(); ended != null; ended = stalls.poll()) {
        record(ended);
      }
      for (Wait wait : open) {
        if (wait.isOverdue()) {
          record(new Stall(wait, open));
        }
      }
      if (dumps.requested()) {
        write(DUMP, "A thread dump was requested.", open);
      }
      failing = false;
    } catch (IOException | RuntimeException | Error e) {
      if (!failing) {
        failing = true;
        LOG.error("stalls cannot be recorded in {}: {}", reports, e.getMessage(), e);
      }
    }
  }

  /**
   * Logs hangs, unless another role says that what they wait for moves. What blocks the owner in
   * another process is logged here too.
   */
  private void name(List<Wait> silent, List<Wait> own) throws InterruptedException {
    if (silent.isEmpty()) {
      return;
    }
    List<Wait> all = new ArrayList<>(own);
    List<String> unreachable = new ArrayList<>();
    all.addAll(others.waits(unreachable::add));
    List<Wait> hangs = HangWatch.silent(all);
    for (Wait wait : silent) {
      Optional<Wait> behind = HangWatch.behind(wait, all);
      if (hangs.contains(wait) || behind.isPresent()) {
        LOG.warn(
            "no progress for {} s: {}{}; {}",
            wait.quiet().toSeconds(),
            sentence(wait),
            behind.map(end -> "; " + sentence(end)).orElse(""),
            unreachable.isEmpty() ? HANG_PAGE : String.join("; ", unreachable));
      }
    }
  }

  private static String sentence(Wait wait) {
    return "%s waits for %s (owner: %s), %s"
        .formatted(wait.role(), wait.what(), wait.on(), wait.duration());
  }

  private void record(Stall stall) throws IOException, InterruptedException {
    long now = waits.clock().nanos();
    recordedNanos.values().removeIf(before -> now - before > REPEAT.toNanos());
    if (recordedNanos.putIfAbsent(stall.key(), now) == null) {
      write(STALL, stall.text(), stall.open());
    }
  }

  private void write(String kind, String why, List<Wait> own)
      throws IOException, InterruptedException {
    List<Wait> all = new ArrayList<>(own);
    StringBuilder silent = new StringBuilder();
    all.addAll(others.waits(line -> silent.append(line).append('\n')));
    WaitGraph graph = new WaitGraph(all);
    Files.createDirectories(reports);
    deleteOldest(kind);
    Path dir = create(kind);
    Files.writeString(dir.resolve("waits.txt"), why + "\n" + graph.text() + silent);
    Files.write(dir.resolve("events.log"), events.lines());
    Files.writeString(dir.resolve("config.toml"), config);
    ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
        .dumpThreads(
            dir.resolve("threads.txt").toAbsolutePath().toString(), ThreadDumpFormat.TEXT_PLAIN);
    LOG.warn("{} {} Recorded in {}", why, graph.verdict(), dir);
  }

  /** Makes room for one more record of a kind of this role. */
  private void deleteOldest(String kind) throws IOException {
    Pattern name = Pattern.compile(Pattern.quote(kind + "-" + role + "-") + STAMP_PATTERN);
    List<Path> records;
    try (Stream<Path> files = Files.list(reports)) {
      records =
          files
              .filter(file -> name.matcher(file.getFileName().toString()).matches())
              .sorted()
              .toList();
    }
    for (int i = 0; i <= records.size() - KEPT; i++) {
      DirectoryTree.delete(records.get(i));
    }
  }

  /** Creates a record's directory, named after the time, or the next free millisecond. */
  private Path create(String kind) throws IOException {
    LocalDateTime time = LocalDateTime.now(wallClock);
    Path dir = path(kind, time);
    while (Files.exists(dir)) {
      time = time.plus(1, ChronoUnit.MILLIS);
      dir = path(kind, time);
    }
    return Files.createDirectory(dir);
  }

  private Path path(String kind, LocalDateTime time) {
    return reports.resolve("%s-%s-%s".formatted(kind, role, time.format(STAMP)));
  }

  @Override
  public void close() {
    waits.remove(listener);
    closing.countDown();
    try {
      if (!thread.join(CLOSE_DEADLINE)) {
        LOG.warn("the stall recorder did not end within {} ms", CLOSE_DEADLINE.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

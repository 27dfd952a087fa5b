package dev.freshet.dashboard;

import dev.freshet.http.LivePage;
import dev.freshet.trace.LiveFeed;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.ThreadPriority;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.WaitGraph;
import dev.freshet.trace.waits.Waits;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The live page of a run, for browsers. Owns one thread of low priority and the files that it
 * reads. A role that is down or a file that does not exist leaves its part of the page empty.
 * Thread-safe.
 */
public final class Dashboard implements AutoCloseable {
  /**
   * The run that the page shows.
   *
   * @param role the role that serves the page; {@code run} if one process has all roles
   * @param name of the run or, without a run, of the model that is served
   */
  public record Run(String role, String name, OptionalLong steps, OptionalInt asyncLevel) {}

  private static final Logger LOG = LoggerFactory.getLogger(Dashboard.class);
  private static final Duration POLL = Duration.ofMillis(250);
  private static final Duration STATE_PACE = Duration.ofSeconds(1);
  private static final Duration DIAGNOSIS_PACE = Duration.ofSeconds(2);
  private static final Duration BLOCKED_AFTER = Duration.ofSeconds(2);
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(5);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final LiveFeed feed = new LiveFeed();
  private final LivePage page = new LivePage(DashboardPage.html(), feed);
  private final List<Source> sources = new CopyOnWriteArrayList<>();
  private final MonotonicClock clock;
  private final Thread publisher;
  private final CountDownLatch closing = new CountDownLatch(1);

  /** Starts to publish {@code run}. */
  public Dashboard(Run run) {
    this(run, MonotonicClock.SYSTEM);
  }

  /** Starts to publish {@code run}, at the pace of {@code clock}. */
  Dashboard(Run run, MonotonicClock clock) {
    this.clock = clock;
    feed.state("hello", hello(run));
    state("now", () -> JSON.writeValueAsString(blockedOn()));
    publisher =
        Thread.ofPlatform().name("freshet-dashboard").daemon().start(this::publishUntilClosed);
  }

  /**
   * What has blocked this process's roles for {@link #BLOCKED_AFTER} or longer; empty if nothing.
   */
  private static String blockedOn() {
    List<Wait> old =
        Waits.open().stream()
            .filter(wait -> wait.holds() && wait.age().compareTo(BLOCKED_AFTER) >= 0)
            .toList();
    return old.isEmpty() ? "" : new WaitGraph(old).verdict();
  }

  private String hello(Run run) {
    ObjectNode hello = JSON.createObjectNode();
    hello.put("epoch", feed.epoch());
    hello.put("role", run.role());
    hello.put("run", run.name());
    run.steps().ifPresent(steps -> hello.put("steps", steps));
    run.asyncLevel().ifPresent(level -> hello.put("async_level", level));
    return hello.toString();
  }

  /** The page that a listener serves. */
  public LivePage page() {
    return page;
  }

  /** Publishes the content of these files, whichever role writes them. */
  public void follow(RunFiles files) {
    RunLines lines = new RunLines(files.run());
    sources.add(lines);
    sources.add(
        paced(DIAGNOSIS_PACE, new WatchedSource(new RunVerdict(files.logs(), files.options()))));
    sources.add(
        paced(DIAGNOSIS_PACE, new WatchedSource(new RolloutSamples(files, lines::newestStep))));
  }

  /** Publishes {@code lines} every second: JSON objects without a line break. */
  public void lines(Supplier<List<String>> lines) {
    sources.add(paced(STATE_PACE, to -> to.lines(lines.get())));
  }

  /** Publishes {@code json}, without a line break, whenever it has changed; asked every second. */
  public void state(String name, Supplier<String> json) {
    sources.add(
        paced(
            STATE_PACE,
            new Source() {
              private String published = "";

              @Override
              public void publish(LiveFeed to) {
                String now = json.get();
                if (!now.equals(published)) {
                  published = now;
                  to.state(name, now);
                }
              }
            }));
  }

  private Source paced(Duration pace, Source source) {
    return new PacedSource(pace, source, clock);
  }

  private void publishUntilClosed() {
    ThreadPriority.lower(ThreadPriority.COMPUTE);
    Map<Source, String> failed = new LinkedHashMap<>();
    String missing = "[]";
    try {
      do {
        sources.forEach(source -> publish(source, failed));
        String now = JSON.writeValueAsString(failed.values());
        if (!now.equals(missing)) {
          missing = now;
          feed.state("missing", missing);
        }
      } while (!closing.await(POLL.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      LOG.warn("the dashboard's thread was interrupted; the page shows nothing new from now on");
    } finally {
      sources.forEach(Source::close);
    }
  }

  /** Logs a failure once and keeps it on the page until the source succeeds again. */
  private void publish(Source source, Map<Source, String> failed) {
    if (!source.isDue()) {
      return;
    }
    try {
      source.publish(feed);
      failed.remove(source);
    } catch (IOException | RuntimeException e) {
      String why = String.valueOf(e.getMessage());
      if (!why.equals(failed.put(source, why))) {
        LOG.warn("a part of the dashboard cannot be published: {}", why, e);
      }
    }
  }

  @Override
  public void close() {
    closing.countDown();
    try {
      if (!publisher.join(CLOSE_DEADLINE)) {
        LOG.warn("the dashboard's thread did not end within {} ms", CLOSE_DEADLINE.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

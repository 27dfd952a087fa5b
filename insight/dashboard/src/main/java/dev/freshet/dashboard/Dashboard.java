package dev.freshet.dashboard;

import dev.freshet.http.LivePage;
import dev.freshet.trace.LiveFeed;
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
 * What a role tells of its run to browsers. It owns a thread, which everything else goes before,
 * and the files that it reads; a role that is down or a file that is not there leaves its part of
 * the page empty. Thread-safe.
 */
public final class Dashboard implements AutoCloseable {
  /**
   * The run.
   *
   * @param role whose page it is: {@code run} for all of them
   * @param name of the run or, without one, of what is served
   */
  public record Run(String role, String name, OptionalLong steps, OptionalInt asyncLevel) {}

  private static final Logger LOG = LoggerFactory.getLogger(Dashboard.class);
  private static final Duration TICK = Duration.ofMillis(250);
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration JUDGE = Duration.ofSeconds(2);
  private static final Duration A_WHILE = Duration.ofSeconds(2);
  private static final Duration END = Duration.ofSeconds(5);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final LiveFeed feed = new LiveFeed();
  private final LivePage page = new LivePage(DashboardPage.html(), feed);
  private final List<Source> sources = new CopyOnWriteArrayList<>();
  private final Thread teller;
  private final CountDownLatch closing = new CountDownLatch(1);

  /** Begins to tell of {@code run}. */
  public Dashboard(Run run) {
    feed.state("hello", hello(run));
    state("now", () -> JSON.writeValueAsString(standstill()));
    teller = Thread.ofPlatform().name("freshet-dashboard").daemon().start(this::tell);
  }

  /** What this process's roles have been waiting for for a while; nothing if they go on. */
  private static String standstill() {
    List<Wait> old =
        Waits.open().stream()
            .filter(wait -> wait.holds() && wait.age().compareTo(A_WHILE) >= 0)
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

  /** What a listener shows. */
  public LivePage page() {
    return page;
  }

  /** Tells of the run with these files, whichever roles write them. */
  public void follow(RunFiles files) {
    RunLines lines = new RunLines(files.metrics());
    sources.add(lines);
    sources.add(
        new PacedSource(JUDGE, new WatchedSource(new RunVerdict(files.logs(), files.options()))));
    sources.add(
        new PacedSource(JUDGE, new WatchedSource(new RolloutSamples(files, lines::newestStep))));
  }

  /** Tells every second what {@code lines} says: JSON objects without a line break. */
  public void lines(Supplier<List<String>> lines) {
    sources.add(new PacedSource(SECOND, to -> to.lines(lines.get())));
  }

  /** Tells whenever what {@code json} says, without a line break, is another. */
  public void state(String name, Supplier<String> json) {
    sources.add(
        new PacedSource(
            SECOND,
            new Source() {
              private String said = "";

              @Override
              public void tell(LiveFeed to) {
                String now = json.get();
                if (!now.equals(said)) {
                  said = now;
                  to.state(name, now);
                }
              }
            }));
  }

  private void tell() {
    ThreadPriority.lower(ThreadPriority.COMPUTE);
    Map<Source, String> failed = new LinkedHashMap<>();
    String missing = "[]";
    try {
      do {
        sources.forEach(source -> tell(source, failed));
        String now = JSON.writeValueAsString(failed.values());
        if (!now.equals(missing)) {
          missing = now;
          feed.state("missing", missing);
        }
      } while (!closing.await(TICK.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      LOG.warn("the dashboard was interrupted and tells no more");
    } finally {
      sources.forEach(Source::close);
    }
  }

  /** A failure is said once, and is on the page until the source has gone well again. */
  private void tell(Source source, Map<Source, String> failed) {
    if (!source.isDue()) {
      return;
    }
    try {
      source.tell(feed);
      failed.remove(source);
    } catch (IOException | RuntimeException e) {
      String why = String.valueOf(e.getMessage());
      if (!why.equals(failed.put(source, why))) {
        LOG.warn("a part of the dashboard cannot be told: {}", why, e);
      }
    }
  }

  @Override
  public void close() {
    closing.countDown();
    try {
      if (!teller.join(END)) {
        LOG.warn("the dashboard's thread has not ended within {} ms", END.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

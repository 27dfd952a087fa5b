package dev.freshet.dashboard;

import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.http.HttpConfig;
import dev.freshet.http.StatusListener;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Measures what the page of a long run costs a browser: 10,000 updates and 1,000 steps, then four
 * more updates and one more step a second. Run by {@code bench/dashboard.sh}.
 */
final class DashboardCost {
  private static final int UPDATES = 10_000;
  private static final int SECONDS = 20;
  private static final double FIRST = 1_764_000_000;

  private DashboardCost() {}

  static void main(String[] arguments) throws Exception {
    Path dir = Files.createTempDirectory("freshet-page");
    Path model = Files.createDirectories(dir.resolve("model"));
    new CharTokenizer("abc").write(model);
    Files.createDirectories(dir.resolve("logs"));
    Path metrics = Files.createDirectories(dir.resolve("metrics")).resolve("orchestrator.jsonl");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < UPDATES; i++) {
      lines.append(lines(i, i % 10 == 0));
    }
    Files.writeString(metrics, lines);
    Path browserPath = Chromium.installed().orElseThrow();
    try (Tokenizer tokenizer = Tokenizer.load(model);
        Dashboard dashboard =
            new Dashboard(
                new Dashboard.Run("run", "long", OptionalLong.empty(), OptionalInt.of(1)));
        StatusListener listener =
            StatusListener.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                HttpConfig.DEFAULT,
                new MetricsRegistry(),
                Optional.of(dashboard.page()));
        Chromium browser = new Chromium(browserPath, dir)) {
      dashboard.follow(
          new RunFiles(
              dir,
              dir.resolve("logs"),
              new AnalyzeOptions(Optional.empty(), Optional.of(1)),
              new BatchStore(dir.resolve("rollouts")),
              tokenizer));
      browser.open(listener.url(), 1200, 1600, "light");
      browser.await("state.updates.length === %d && plots.reward".formatted(UPDATES));
      report(browser, "while it loads");
      for (int i = UPDATES; i < UPDATES + 4 * SECONDS; i++) {
        Files.writeString(metrics, lines(i, i % 4 == 0), StandardOpenOption.APPEND);
        Thread.sleep(250);
      }
      browser.await("state.updates.length === %d".formatted(UPDATES + 4 * SECONDS));
      report(browser, "live");
      browser.evaluate("gc()");
      System.out.printf(
          "heap %.1f MB%n", browser.evaluate("performance.memory.usedJSHeapSize").asLong() / 1e6);
    } finally {
      try (Stream<Path> files = Files.walk(dir)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static String lines(int update, boolean step) {
    String line = DashboardTest.update(update, FIRST + update * 0.25) + "\n";
    return step
        ? line + DashboardTest.step(update / 10) + "\n" + DashboardTest.train(update / 10) + "\n"
        : line;
  }

  private static void report(Chromium browser, String when) throws Exception {
    JsonNode ms =
        browser.evaluate(
            """
            (() => { const d = performance.getEntriesByName("freshet.redraw").map(e => e.duration).sort((a, b) => a - b);
              performance.clearMeasures();
              return [d.length, d[Math.floor(d.length / 2)], d.at(-1)] })()
            """);
    System.out.printf(
        "%s: %d redraws, ms p50 %.1f, max %.1f%n",
        when, ms.get(0).asInt(), ms.get(1).asDouble(), ms.get(2).asDouble());
  }
}

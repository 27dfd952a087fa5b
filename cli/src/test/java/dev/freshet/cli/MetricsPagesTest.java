package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a scraper reads of commands that run as processes of their own. */
@Timeout(240)
class MetricsPagesTest {
  private static final Pattern METRICS = Pattern.compile("metrics +(http://\\S+)");
  private static final Pattern SERVED =
      Pattern.compile("completions (http://\\S+)\\s+admin\\s+(http://\\S+)\\s");
  private static final Pattern COUNTS =
      Pattern.compile("freshet_(update_(wall|rpc|queue)|checkpoint_write)_seconds_count");
  private static final long DEADLINE_NANOS = Duration.ofMinutes(2).toNanos();

  @TempDir Path dir;

  @Test
  void aRunHasAllRolesOnOnePageWhichAgreesWithItsLogs() throws Exception {
    try (ChildProcess child =
        ChildProcess.start(
            dir, CommandLineRun.small("run", run(), "--sft.steps=5", "--run.steps=100000"))) {
      child.awaitOut("/metrics");
      URI page = URI.create(found(METRICS, child.out()).group(1));
      var _ = scrapeAt(page, "freshet_trainer_policy_version", 5);
      List<String> lines = scrapeAtRest(page);

      child.signal("TERM");
      assertThat(child.awaitEnd()).isEqualTo(143);

      String labels = "{op=\"update_weights\",replica=\"%s\"}".formatted(page.getAuthority());
      int updates = (int) value(lines, "freshet_update_wall_seconds_count" + labels);
      assertThat(updates).isPositive();
      for (String figure : List.of("wall", "rpc", "queue")) {
        double logged =
            logged("orchestrator", "client.done", " " + figure + "_ms=([0-9.]+)").stream()
                .limit(updates)
                .mapToDouble(Double::doubleValue)
                .sum();
        assertThat(1e3 * value(lines, "freshet_update_" + figure + "_seconds_sum" + labels))
            .as(figure)
            .isCloseTo(logged, within(0.1 * updates));
      }
      int writes = (int) value(lines, "freshet_checkpoint_write_seconds_count");
      assertThat(1e3 * value(lines, "freshet_checkpoint_write_seconds_sum"))
          .isCloseTo(
              logged("trainer", "write.done", " write_ms=([0-9.]+)").stream()
                  .limit(writes)
                  .mapToDouble(Double::doubleValue)
                  .sum(),
              within(0.1 * writes));
      assertThat(
              value(lines, "freshet_server_rpc_seconds_count{op=\"update_weights\",phase=\"all\"}"))
          .isPositive();
      assertThat(value(lines, "freshet_generated_tokens_total")).isPositive();
      assertThat(value(lines, "freshet_batch_reward")).isBetween(0.0, 1.0);
      assertThat(String.join("\n", lines)).contains("jvm_memory_used_bytes").doesNotContain("NaN");
    }
  }

  @Test
  void eachRoleAloneHasItsOwnPage() throws Exception {
    assertThat(CommandLineRun.of(CommandLineRun.small("sft", run(), "--sft.steps=0")).exitCode())
        .isZero();
    try (ChildProcess serve =
        ChildProcess.start(
            Files.createDirectories(dir.resolve("serve")),
            "serve",
            "--model",
            run().resolve("weights/step_0").toString(),
            "--port=0",
            "--admin-port=0")) {
      serve.awaitOut(SERVED);
      Matcher urls = found(SERVED, serve.out());
      URI admin = URI.create(urls.group(2));
      try (ChildProcess train =
              ChildProcess.start(
                  Files.createDirectories(dir.resolve("train")),
                  CommandLineRun.small(
                      "train", run(), "--run.steps=100000", "--trainer.http_port=0"));
          ChildProcess orchestrate =
              ChildProcess.start(
                  Files.createDirectories(dir.resolve("orchestrate")),
                  CommandLineRun.small(
                      "orchestrate",
                      run(),
                      "--run.steps=100000",
                      "--orchestrator.http_port=0",
                      "--orchestrator.servers=%s".formatted(urls.group(1)),
                      "--orchestrator.admin_servers=%s".formatted(admin)))) {
        train.awaitOut("/metrics");
        orchestrate.awaitOut("/metrics");
        URI orchestrator = URI.create(found(METRICS, orchestrate.out()).group(1));
        URI trainer = URI.create(found(METRICS, train.out()).group(1));

        List<String> orchestrated =
            scrapeAt(orchestrator, "freshet_orchestrator_policy_version", 2);
        List<String> trained = scrape(trainer);
        List<String> served = scrape(admin.resolve("/metrics"));

        assertThat(value(trained, "freshet_trainer_policy_version")).isGreaterThanOrEqualTo(2);
        assertThat(value(served, "freshet_engine_policy_version")).isGreaterThanOrEqualTo(2);
        assertThat(
                value(
                    orchestrated,
                    "freshet_updates_total{op=\"update_weights\",outcome=\"acknowledged\",replica=\"%s\"}"
                        .formatted(admin.getAuthority())))
            .isPositive();
        assertThat(names(trained)).doesNotContain("freshet_streams_open", "freshet_batch_reward");
        assertThat(names(orchestrated))
            .contains("freshet_batch_reward")
            .doesNotContain("freshet_streams_open", "freshet_trainer_loss");
        assertThat(names(served))
            .contains("freshet_streams_open")
            .doesNotContain("freshet_trainer_loss", "freshet_batch_reward");

        for (ChildProcess role : List.of(orchestrate, train, serve)) {
          role.signal("TERM");
          assertThat(role.awaitEnd()).isEqualTo(143);
          assertThat(role.err()).isEmpty();
        }
      }
    }
  }

  private Path run() {
    return dir.resolve("run");
  }

  private static Matcher found(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
    return matcher;
  }

  private static List<String> scrape(URI page) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(page).timeout(Duration.ofMinutes(1)).build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).isEqualTo(200);
      return Arrays.asList(answer.body().split("\n"));
    }
  }

  /** The first page on which a gauge is there and has come to {@code least}. */
  private static List<String> scrapeAt(URI page, String gauge, double least)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    List<String> lines = scrape(page);
    while (!names(lines).contains(gauge) || value(lines, gauge) < least) {
      if (System.nanoTime() - start > DEADLINE_NANOS) {
        throw new AssertionError("%s never came to %s:%n%s".formatted(gauge, least, lines));
      }
      Thread.sleep(20);
      lines = scrape(page);
    }
    return lines;
  }

  /**
   * A page on which everything is counted to its end: no update or write came since the one before.
   */
  private static List<String> scrapeAtRest(URI page) throws IOException, InterruptedException {
    long start = System.nanoTime();
    List<String> before = scrape(page);
    List<String> lines = scrape(page);
    while (!counts(lines).equals(counts(before))) {
      if (System.nanoTime() - start > DEADLINE_NANOS) {
        throw new AssertionError("no two pages with the same counts of updates and writes");
      }
      before = lines;
      lines = scrape(page);
    }
    return lines;
  }

  private static List<String> counts(List<String> lines) {
    return lines.stream().filter(line -> COUNTS.matcher(line).lookingAt()).toList();
  }

  /** The series without labels. */
  private static List<String> names(List<String> lines) {
    return lines.stream().map(line -> line.split(" ", 2)[0]).toList();
  }

  private static double value(List<String> lines, String series) {
    return lines.stream()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow(
            () -> new AssertionError("no %s in%n%s".formatted(series, String.join("\n", lines))));
  }

  /** A figure of every such event in a role's log. */
  private List<Double> logged(String role, String event, String figure) throws IOException {
    Pattern pattern = Pattern.compile(" " + Pattern.quote(event) + ".*?" + figure);
    return pattern
        .matcher(Files.readString(run().resolve("logs").resolve(role + ".log")))
        .results()
        .map(match -> Double.valueOf(match.group(1)))
        .toList();
  }
}

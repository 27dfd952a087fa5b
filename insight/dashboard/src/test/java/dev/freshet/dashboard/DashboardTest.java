package dev.freshet.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.http.HttpConfig;
import dev.freshet.http.StatusListener;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.UpdatePart;
import dev.freshet.trace.waits.Waits;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser. */
@Timeout(240)
class DashboardTest {
  private static final String HOSTILE = "<img src=x onerror=alert(1)>";

  @TempDir Path dir;
  private Tokenizer tokenizer;
  private Dashboard dashboard;
  private StatusListener listener;
  private Chromium browser;

  @BeforeEach
  void open() throws Exception {
    Optional<Path> installed = Chromium.installed();
    if (System.getenv("CI") != null) {
      assertThat(installed).as("Chromium, which CI needs").isPresent();
    }
    assumeTrue(installed.isPresent(), "no Chromium on this machine");
    CharTokenizer characters = new CharTokenizer("abc<>");
    Path model = Files.createDirectory(dir.resolve("model"));
    characters.write(model);
    tokenizer = Tokenizer.load(model);
    Files.createDirectory(dir.resolve("logs"));
    browser = new Chromium(installed.get(), dir);
    serve(0);
  }

  private void serve(int port) {
    dashboard =
        new Dashboard(
            new Dashboard.Run("run", "a run " + HOSTILE, OptionalLong.of(250), OptionalInt.of(1)));
    listener =
        StatusListener.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
            HttpConfig.DEFAULT,
            new MetricsRegistry(),
            Optional.of(dashboard.page()));
    dashboard.follow(
        new RunFiles(
            dir,
            dir.resolve("logs"),
            new AnalyzeOptions(Optional.empty(), Optional.of(1)),
            new BatchStore(dir.resolve("rollouts")),
            tokenizer));
    dashboard.state(
        "replicas",
        () ->
            "[{\"server\":\"http://a:1\",\"state\":\"quarantined\",\"version\":3,\"why\":\"%s\"}]"
                .formatted(HOSTILE));
  }

  @AfterEach
  void close() throws Exception {
    if (browser != null) {
      browser.close();
    }
    if (listener != null) {
      listener.close();
    }
    if (dashboard != null) {
      dashboard.close();
    }
    if (tokenizer != null) {
      tokenizer.close();
    }
  }

  private void append(String line) throws Exception {
    Files.writeString(
        Files.createDirectories(dir.resolve("metrics")).resolve("orchestrator.jsonl"),
        line + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  static String update(int step, double time) {
    return String.format(
        Locale.ROOT,
        "{\"role\":\"orchestrator\",\"kind\":\"update\",\"time\":%.3f,\"step\":%d,\"server\":\"http://a:1\","
            + "\"inflight\":%d,\"status\":\"ok\",\"trace\":\"%016x\",\"queue_ms\":%.1f,\"rpc_ms\":2.0,\"wall_ms\":%.1f,"
            + "\"connect_ms\":0.4,\"accept_ms\":0.1,\"handler_ms\":0.2,\"answer_ms\":0.5,\"stall_ms\":0.01,"
            + "\"phases\":{\"prepare_ms\":1.5,\"wait_step_ms\":0.4,\"swap_ms\":0.1}}",
        time,
        step,
        step % 90,
        step,
        1.2 + step % 7 / 10.0,
        3.2 + step % 7 / 10.0);
  }

  static String step(int step) {
    return ("{\"role\":\"orchestrator\",\"kind\":\"step\",\"step\":%d,\"reward\":0.5,\"trunc_pct\":3.0,"
            + "\"staleness_max\":%d,\"policy_version\":%d,\"dur_ms\":100.0,\"tokens\":900}")
        .formatted(step, step % 2, step);
  }

  static String train(int step) {
    return "{\"role\":\"trainer\",\"kind\":\"train\",\"step\":%d,\"loss\":0.25,\"mismatch_kl\":5e-4}"
        .formatted(step);
  }

  private void writeBatch(int step) throws Exception {
    Trajectory trajectory =
        new Trajectory(
            tokenizer.encode("a<b>c"),
            new boolean[] {false, false, true, true, true},
            new float[] {0, 0, -1, -1, -1},
            new int[] {-1, -1, 3, 3, 4});
    new BatchStore(dir.resolve("rollouts"))
        .write(
            new TrainingBatch(
                step,
                List.of(
                    new Rollout(
                        "g1-1",
                        "g1",
                        "reverse-text",
                        "ab",
                        trajectory,
                        0.75,
                        0,
                        "stop",
                        1,
                        3,
                        SamplingDistribution.atTemperature(1)))));
  }

  @Test
  void thePageShowsARunLiveAndContinuesAfterTheServerRestarts() throws Exception {
    URI url = listener.url();
    browser.open(url, 1200, 1600, "light");
    browser.await("document.querySelector('#state').textContent === 'live'");
    browser.await("document.querySelector('#run').textContent !== ''");
    assertThat(browser.evaluate("document.body.innerText").asString())
        .contains("a run " + HOSTILE, "No update yet.", "No diagnosis yet");

    writeBatch(1);
    for (int i = 1; i <= 60; i++) {
      append(update(i, 1_764_000_000 + i));
      append(train(i));
    }
    append(step(1));
    Files.writeString(
        dir.resolve("logs/orchestrator.log"),
        """
        2026-01-02T03:04:05Z [rollout] trunc_pct=40.0 current_step=1 ckpt_step=0 staleness=1
        2026-01-02T03:04:06Z [rollout] trunc_pct=45.0 current_step=2 ckpt_step=1 staleness=1
        """);

    browser.await("state.updates.length === 60 && plots.queue && plots.loss");
    browser.await("document.querySelector('#verdict').className === 'verdict critical'");
    browser.await("document.querySelectorAll('#rollouts .token').length === 3");
    browser.await("document.querySelector('#replicas').textContent.includes('quarantined')");
    String text = browser.evaluate("document.body.innerText").asString();
    assertThat(text)
        .contains("step 1 of 250", "policy version 60", "rollout-quality", "quarantined", HOSTILE)
        .contains("policy versions 3, 4", "1.50 / 1.80");
    assertThat(browser.evaluate("document.querySelectorAll('img').length").asInt()).isZero();
    assertThat(
            browser
                .evaluate(
                    "[...document.querySelectorAll('#rollouts .token')].map(t => t.className).join()")
                .asString())
        .isEqualTo("token v3,token v3,token v4");
    assertThat(coloured()).as("painted pixels of the update chart").isGreaterThan(2000);

    listener.close();
    dashboard.close();
    browser.await("document.querySelector('#state').textContent === 'reconnecting'");
    serve(url.getPort());
    append(update(61, 1_764_000_061));

    browser.await("document.querySelector('#state').textContent === 'live'");
    browser.await("state.updates.length === 61");
    assertThat(browser.errors()).isEmpty();
  }

  @Test
  void thePageShowsWhatEveryRoleDidWithItsTime() throws Exception {
    browser.open(listener.url(), 1200, 1600, "light");
    for (int i = 1; i <= 3; i++) {
      append(
          step(i)
              .replace(
                  "}",
                  ",\"role_time\":{\"wall_ms\":1000.0,\"generating_ms\":700.0,\"held_ms\":290.0,\"other_ms\":10.0},"
                      + "\"servers\":{\"a:1\":{\"wall_ms\":1000.0,\"generating_ms\":700.0,\"idle_ms\":300.0}}}"));
      append(
          train(i)
              .replace(
                  "}",
                  ",\"role_time\":{\"wall_ms\":1000.0,\"batch_ms\":400.0,\"training_ms\":600.0}}"));
    }

    browser.await("document.querySelectorAll('#times .columns > div').length === 9");
    assertThat(
            browser
                .evaluate(
                    "[...document.querySelectorAll('#times .columns')].map(c => c.lastChild.title).join('; ')")
                .asString()
                .split("; "))
        .containsExactlyInAnyOrder(
            "step 3: generating 70 %, held 29 %, other 1 %",
            "step 3: generating 70 %, idle 30 %", "step 3: batch 40 %, training 60 %");
    assertThat(
            browser
                .evaluate(
                    "[...document.querySelectorAll('#times .columns b')].every(b => b.getBoundingClientRect().height > 0)")
                .asBoolean())
        .isTrue();
    assertThat(browser.evaluate("document.querySelector('#states').textContent").asString())
        .contains("generating", "held", "training", "idle");
    assertThat(browser.errors()).isEmpty();
  }

  @Test
  void malformedLinesTruncatedFilesAndClocksSetBackDoNotHideTheRest() throws Exception {
    double time = 1_764_000_000;
    for (int i = 1; i <= 20; i++) {
      append(update(i, time + i));
      append(update(20 + i, time - 3600 + i).replace("\"role\":\"orch", "\"role\":\"another orch"));
    }
    for (int i = 41; i <= 60; i++) {
      append(update(i, time - 3600 + i));
    }
    browser.open(listener.url(), 1200, 1600, "light");
    browser.await("state.updates.length === 60");
    browser.await(
        "document.querySelector('#notes').textContent.startsWith('A clock was set back by 3,579 s')");
    assertThat(browser.evaluate("state.updates[59].time - state.updates[0].time").asDouble())
        .as("seconds between the role's first and last update")
        .isEqualTo(38);
    assertThat(coloured()).isGreaterThan(2000);

    writeBatch(1);
    Path batch = new BatchStore(dir.resolve("rollouts")).path(1);
    Files.writeString(batch, Files.readString(batch).substring(0, 40));
    for (String line :
        List.of(
            "{\"role\":\"orchestrator\",\"kind\":\"step\",\"step\":1,\"reward\":\"x\",\"staleness_max\":2e9}",
            "{\"kind\":\"step\",\"step\":\"%s\"}".formatted(HOSTILE),
            "{\"kind\":\"train\",\"step\":null}",
            "{\"kind\":\"train\",\"step\":3,\"loss\":[]}",
            "{\"kind\":\"train\",\"step\":2,\"loss\":0.5}",
            "{\"kind\":\"eval\"}",
            "{\"kind\":\"load\",\"time\":\"now\"}",
            "{\"kind\":\"update\",\"status\":\"ok\",\"step\":61}",
            "{\"kind\":\"update\",\"status\":\"ok\",\"step\":62,\"rpc_ms\":5,\"phases\":\"none\",\"server\":\"%s\"}"
                .formatted(HOSTILE),
            "{\"kind\":\"update\",\"status\":\"ok\",\"step\":63,\"rpc_ms\":7,\"connect_ms\":-3,\"time\":\"x\"}",
            "{\"kind\":\"something else\"}",
            "[1]",
            "{\"kind\":\"step\",\"st")) {
      append(line);
    }
    browser.await("state.updates.length === 62 && plots.loss && state.train.length === 2");
    browser.await(
        "document.querySelector('#notes').textContent.includes('%s')"
            .formatted(batch.getFileName()));

    assertThat(browser.evaluate("document.querySelector('#notes').innerText").asString())
        .startsWith("Part of this page is missing: ")
        .contains("5 lines of the metrics lack required fields");
    assertThat(browser.evaluate("document.querySelector('#update').innerText").asString())
        .contains("Latest: version 63", "rpc_ms 7.00");
    assertThat(browser.evaluate("document.querySelector('#staleness').innerText").asString())
        .contains("32 or more");
    assertThat(browser.evaluate("document.querySelectorAll('img').length").asInt()).isZero();
    assertThat(coloured()).isGreaterThan(2000);
    assertThat(browser.errors()).isEmpty();
  }

  @Test
  void thePageSaysOnWhatARunIsBlockedUntilTheWaitEnds() throws Exception {
    browser.open(listener.url(), 1200, 800, "light");
    try (Waits.Open _ = Waits.begin("trainer", "batch 7", "orchestrator", Duration.ofHours(1))) {
      browser.await(
          "['batch 7', 'orchestrator'].every(word => document.querySelector('#now').innerText.includes(word))");
    }
    browser.await("document.querySelector('#now').hidden");
    assertThat(browser.errors()).isEmpty();
  }

  private int coloured() throws Exception {
    return browser
        .evaluate(
            """
            (() => { const c = document.querySelector('#updates canvas');
              const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
              let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })()
            """)
        .asInt();
  }

  @Test
  void everyPartOfAnUpdateIsShownAndAnUnknownPhaseUnderItsOwnName() throws Exception {
    append(
        "{\"role\":\"orchestrator\",\"kind\":\"update\",\"time\":1764000000,\"step\":1,\"status\":\"ok\","
            + "\"queue_ms\":6.0,\"rpc_ms\":4.0,\"wall_ms\":10.0,\"connect_ms\":1.0,\"accept_ms\":2.0,"
            + "\"handler_ms\":0.5,\"answer_ms\":2.5,\"transfer_ms\":4.5,\"phases\":{\"prepare_ms\":1.5,"
            + "\"map_ms\":0.5,\"pause_ms\":0.5,\"swap_ms\":0.3,\"defragment_ms\":1.25,\"note\":\"x\"}}");
    append(
        "{\"role\":\"orchestrator\",\"kind\":\"update\",\"time\":1764000001,\"step\":2,\"status\":\"ok\","
            + "\"wall_ms\":9.0,\"rpc_ms\":6.0,\"queue_ms\":3.0,\"connect_ms\":1.0,\"phases\":{\"load_ms\":6.0,\"resume_ms\":1.0}}");
    browser.open(listener.url(), 1200, 1600, "light");
    browser.await(
        "state.updates.length === 2 && document.querySelectorAll('#parts li').length > 2");

    assertThat(
            browser
                .evaluate(
                    "[...seen.values()].map(p => p.label + ' ' + state.updates.map(u => u.parts[p.index] ?? 0)).join('; ')")
                .asString())
        .isEqualTo(
            "prepare 1.5,0; pause 0.5,0; defragment 1.25,0; rpc 0.75,0; connect 1,1; accept 2,0;"
                + " handler 0.5,0; answer 2.5,0; load 0,6; resume 0,1");
    assertThat(browser.evaluate("document.querySelector('#parts').innerText").asString())
        .contains("defragment", "load", "streams open");
    assertThat(browser.evaluate("document.querySelector('#parts li').title").asString())
        .isEqualTo(UpdatePart.PREPARE.description());
    assertThat(browser.errors()).isEmpty();
  }

  @Test
  void everyServerOfAFleetHasTheSplitOfItsNewestUpdateAndTheSlowestOfAllStandsOut()
      throws Exception {
    for (int step = 1; step <= 3; step++) {
      append(phases(step, "http://a:1", "ok", "\"prepare_ms\":40.0,\"apply_ms\":2.0"));
      append(phases(step, "http://b:2", "ok", "\"pause_ms\":10.0,\"apply_ms\":90.0"));
      append(
          ("{\"role\":\"orchestrator\",\"kind\":\"fleet_update\",\"step\":%d,\"outcome\":\"committed\","
                  + "\"wall_ms\":145.0,\"slowest\":\"http://b:2\",\"slowest_phase\":\"apply\",\"slowest_ms\":90.0}")
              .formatted(step));
    }
    append(phases(4, "http://b:2", "kept", "\"pause_ms\":9.0"));
    append(phases(4, HOSTILE, "failed", "\"pause_ms\":\"x\",\"odd_ms\":3"));
    append("{\"kind\":\"fleet_update\",\"step\":4,\"outcome\":\"%s\"}".formatted(HOSTILE));
    browser.open(listener.url(), 1200, 1600, "light");
    browser.await("state.fleet.updates === 4 && state.replicas.length === 1");
    browser.await("document.querySelectorAll('#replicas tr').length === 5");

    assertThat(browser.evaluate("document.querySelector('#replicas').innerText").asString())
        .contains("prepare 40.0 apply 2.00", "3 of 4", "kept pause 9.00", "quarantined", HOSTILE);
    assertThat(browser.evaluate("document.querySelector('#fleet-update').innerText").asString())
        .startsWith("Newest update: version 4 " + HOSTILE);
    assertThat(
            browser
                .evaluate("[...document.querySelectorAll('#phases li')].map(p => p.title)[2]")
                .asString())
        .isEqualTo(FleetPhase.APPLY.description());
    assertThat(browser.evaluate("state.failures").asInt()).isEqualTo(1);
    assertThat(browser.evaluate("document.querySelector('#queue').innerText").asString())
        .startsWith("No queue_ms: these servers do not report rpc_ms.");
    assertThat(browser.evaluate("document.querySelectorAll('img').length").asInt()).isZero();
    assertThat(browser.errors()).isEmpty();
  }

  private static String phases(int step, String server, String status, String calls) {
    return ("{\"role\":\"orchestrator\",\"kind\":\"update\",\"step\":%d,\"server\":\"%s\",\"dialect\":\"vllm\","
            + "\"status\":\"%s\",\"wall_ms\":50.0,\"calls\":{%s}}")
        .formatted(step, server, status, calls);
  }

  @Test
  void anUpdateIsSelectedByKeyboard() throws Exception {
    for (int i = 1; i <= 10; i++) {
      append(update(i, 1_764_000_000 + i));
    }
    browser.open(listener.url(), 390, 800, "dark");
    browser.await("state.updates.length === 10");
    browser.await("document.querySelector('#update').textContent.startsWith('Latest: version 10')");

    browser.evaluate("document.querySelector('#updates').focus()");
    browser.press("ArrowLeft");
    browser.press("ArrowLeft");

    browser.await("document.querySelector('#update').textContent.startsWith('Chosen: version 8')");
    browser.press("Home");
    browser.await("document.querySelector('#update').textContent.startsWith('Chosen: version 1,')");
    browser.press("Escape");
    browser.await("document.querySelector('#update').textContent.startsWith('Latest: version 10')");
    assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
        .as("nothing is wider than a phone")
        .isLessThanOrEqualTo(390);
    assertThat(browser.evaluate("getComputedStyle(document.body).backgroundColor").asString())
        .as("dark")
        .isEqualTo("rgb(16, 20, 28)");
    assertThat(browser.errors()).isEmpty();
  }

  @Test
  void tenThousandUpdatesAndAThousandStepsFitIn50Megabytes() throws Exception {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 10_000; i++) {
      lines.append(update(i, 1_764_000_000 + i * 0.3)).append('\n');
      if (i % 10 == 0) {
        lines.append(step(i / 10)).append('\n').append(train(i / 10)).append('\n');
      }
    }
    append(lines.toString().strip());

    browser.open(listener.url(), 1200, 1600, "light");
    browser.await("state.updates.length === 10000 && state.train.length === 1000 && plots.reward");
    browser.evaluate("gc()");

    assertThat(browser.evaluate("performance.memory.usedJSHeapSize").asLong())
        .isLessThan(50_000_000);
    assertThat(browser.errors()).isEmpty();
  }
}

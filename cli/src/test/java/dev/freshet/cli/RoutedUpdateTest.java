package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigLoader;
import dev.freshet.http.HttpConfig;
import dev.freshet.lab.swap.RandomCheckpoints;
import dev.freshet.lab.swap.SwapShape;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.router.Router;
import dev.freshet.router.RouterConfig;
import dev.freshet.server.InferenceConfig;
import dev.freshet.server.InferenceServer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Updates of two real servers on a real model through their front. */
@Timeout(180)
class RoutedUpdateTest {
  private static final String PROMPT =
      "{\"prompt\":[1,2,3],\"max_tokens\":8,\"ignore_eos\":true,\"stream\":true}";

  @TempDir Path dir;

  private final HttpClient client = HttpClient.newHttpClient();
  private List<Path> checkpoints = List.of();
  private InferenceServer a;
  private InferenceServer b;
  private Router front;

  @BeforeEach
  void serve() throws Exception {
    checkpoints = new RandomCheckpoints(SwapShape.named("tiny").config()).publish(dir, 3);
    Path token = Files.writeString(dir.resolve("token"), "open-sesame\n");
    a = server(token);
    b = server(token);
    front =
        Router.start(
            ConfigLoader.with(
                ConfigLoader.defaults(RouterConfig.class),
                Map.of(
                    "port", "0",
                    "admin_port", "0",
                    "probe_interval_ms", "50",
                    "policy", "round_robin",
                    "journal", dir.resolve("updates.jsonl").toString(),
                    "upstream_token_file", token.toString(),
                    "upstreams", named(a) + "," + named(b))),
            HttpConfig.DEFAULT,
            new MetricsRegistry(),
            EventLog.silent(MonotonicClock.SYSTEM));
  }

  private InferenceServer server(Path token) throws Exception {
    return InferenceServer.start(
        checkpoints.getFirst(),
        ConfigLoader.with(
            ConfigLoader.defaults(InferenceConfig.class).onFreePorts(),
            Map.of(
                "admin_token_file", token.toString(),
                "model_name", "tiny",
                "max_sequences", "2",
                "max_model_len", "64")),
        HttpConfig.DEFAULT,
        EventLog.silent(MonotonicClock.SYSTEM),
        new MetricsRegistry(),
        Optional.empty());
  }

  private static String named(InferenceServer server) {
    return server.dataUrl() + "=freshet@" + server.adminUrl();
  }

  @AfterEach
  void end() {
    front.close();
    a.close();
    b.close();
    client.close();
  }

  private HttpResponse<String> post(URI listener, String path, String body)
      throws IOException, InterruptedException {
    return client.send(request(listener, path, body), BodyHandlers.ofString());
  }

  private static HttpRequest request(URI listener, String path, String body) {
    return HttpRequest.newBuilder(listener.resolve(path))
        .header("content-type", "application/json")
        .header("x-freshet-min-version", "0")
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  /** Each server answers one. */
  private void bothComplete() throws Exception {
    for (int i = 0; i < 2; i++) {
      HttpResponse<String> answer = post(front.dataUrl(), "/v1/completions", PROMPT);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).endsWith("data: [DONE]\n\n");
    }
  }

  private String ask(InferenceServer server, String path) throws Exception {
    return client
        .send(
            HttpRequest.newBuilder(server.adminUrl().resolve(path))
                .header("authorization", "Bearer open-sesame")
                .build(),
            BodyHandlers.ofString())
        .body();
  }

  private void bothServe(long version) throws Exception {
    for (InferenceServer server : List.of(a, b)) {
      assertThat(ask(server, "/weight_info"))
          .isEqualTo("{\"weight_version\":\"%d\"}".formatted(version));
    }
  }

  @Test
  void theCommandUpdatesAFrontAsItUpdatesOneServer() throws Exception {
    bothComplete();
    CommandLineRun run =
        CommandLineRun.of(
            "update",
            "--server",
            front.adminUrl().toString(),
            "--weights",
            checkpoints.get(2).toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("version", "prepare_ms", "apply_ms");
    bothServe(2);
    bothComplete();
  }

  @Test
  void anUpdateWithinAPauseIsServedAfterTheResume() throws Exception {
    bothComplete();
    assertThat(post(front.adminUrl(), "/pause?mode=keep&clear_cache=false", "").statusCode())
        .isEqualTo(200);
    CompletableFuture<HttpResponse<String>> waiting =
        client.sendAsync(
            request(front.dataUrl(), "/v1/completions", PROMPT), BodyHandlers.ofString());
    HttpResponse<String> update =
        post(
            front.adminUrl(),
            "/update_weights",
            "{\"weight_dir\":\"%s\"}".formatted(checkpoints.get(1)));
    assertThat(update.statusCode()).as(update.body()).isEqualTo(200);
    assertThat(update.body()).contains("\"weight_version\":\"1\"", "\"paused\":true");
    bothServe(1);
    assertThat(ask(a, "/is_paused")).isEqualTo("{\"is_paused\":true}");
    assertThat(waiting.isDone()).isFalse();

    assertThat(post(front.adminUrl(), "/resume", "").statusCode()).isEqualTo(200);
    assertThat(waiting.get(60, TimeUnit.SECONDS).body()).endsWith("data: [DONE]\n\n");
    bothComplete();
  }

  @Test
  void aCheckpointThatTheServersRejectIsRefusedAndTheOldWeightsServe() throws Exception {
    bothComplete();
    HttpResponse<String> update =
        post(
            front.adminUrl(),
            "/update_weights",
            "{\"weight_dir\":\"%s\",\"step\":5}".formatted(dir.resolve("none")));
    assertThat(update.statusCode()).as(update.body()).isEqualTo(400);
    assertThat(update.body()).contains("weights_refused", "the fleet serves version 0");
    bothServe(0);
    bothComplete();
  }
}

package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.http.HttpConfig;
import dev.freshet.http.ListenException;
import dev.freshet.http.StatusListener;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.UpdateMode;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class MetricsRouteTest {
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  @TempDir Path dir;

  private static StatusListener listener() {
    MetricsRegistry registry = new MetricsRegistry();
    registry.gauge(Role.TRAINER, "freshet_trainer_policy_version", "v").of().set(7);
    registry.histogram(Role.TRAINER, "freshet_checkpoint_write_seconds", "w").of().millis(1500);
    return StatusListener.start(ANY_PORT, HttpConfig.DEFAULT, registry, Optional.empty());
  }

  @Test
  void theAdminListenerServesTheMetricsPage() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      assertThat(ScrapedPage.of(fixture.server.adminUrl()).has("freshet_streams_open")).isTrue();
    }
  }

  @Test
  void theMetricsPageRequiresTheTokenAndNeverContainsIt() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir, new AdminToken("open-sesame"))) {
      for (URI root : List.of(fixture.server.adminUrl(), fixture.server.dataUrl())) {
        assertThat(ScrapedPage.get(root, "/metrics").statusCode()).isEqualTo(401);
        HttpResponse<byte[]> page =
            ScrapedPage.get(root, "/metrics", "authorization", "Bearer open-sesame");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(new String(page.body(), UTF_8))
            .contains("freshet_streams_open")
            .doesNotContain("sesame");
      }
    }
  }

  @Test
  void aPageIsMadeWhileAnUpdateRunsAndStreamsAreStalled() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      CountDownLatch updating = new CountDownLatch(1);
      CountDownLatch scraped = new CountDownLatch(1);
      fixture.engine.hold();
      fixture.engine.beforeUpdate =
          _ -> {
            updating.countDown();
            ServerFixture.awaitLatch(scraped);
          };
      var call = fixture.start(CompletionRequest.text("a").maxTokens(5));
      eventually(() -> fixture.engine.running() == 1);
      CompletableFuture<Void> update =
          CompletableFuture.runAsync(
              () -> {
                try (var admin = fixture.admin()) {
                  admin.updateWeights(dir, 1, UpdateMode.KEEP, TraceId.random());
                }
              });
      updating.await();

      ScrapedPage page = ScrapedPage.of(fixture.server.adminUrl());

      assertThat(page.value("freshet_streams_open")).isEqualTo(1);
      scraped.countDown();
      fixture.engine.release();
      update.get();
      ServerFixture.await(call);
    }
  }

  @Test
  void theStatusListenerServesItsRegistry() throws Exception {
    try (StatusListener status = listener()) {
      ScrapedPage page = ScrapedPage.of(status.url());

      assertThat(page.value("freshet_checkpoint_write_seconds_sum")).isEqualTo(1.5);
      assertThat(page.value("freshet_trainer_policy_version")).isEqualTo(7);
      assertThat(page.has("freshet_streams_open")).isFalse();
    }
  }

  @Test
  void anotherPathIsNotFoundAndAnotherMethodNotAllowed() throws Exception {
    try (StatusListener status = listener();
        HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<byte[]> unknown = ScrapedPage.get(status.url(), "/update_weights");
      HttpResponse<String> posted =
          http.send(
              HttpRequest.newBuilder(status.url().resolve("/metrics"))
                  .POST(HttpRequest.BodyPublishers.ofString("{}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());

      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(new String(unknown.body(), UTF_8)).contains("no_such_route");
      assertThat(posted.statusCode()).isEqualTo(405);
      assertThat(posted.body()).contains("POST /metrics: expected GET");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "deflate, gzip;q=0.5", "GZIP;q=1.0", "br, gzip"})
  void aPageIsCompressedForClientsThatAcceptGzip(String accepted) throws Exception {
    try (StatusListener status = listener()) {
      HttpResponse<byte[]> page =
          ScrapedPage.get(status.url(), "/metrics", "accept-encoding", accepted);

      assertThat(page.headers().firstValue("content-encoding")).contains("gzip");
      try (GZIPInputStream text = new GZIPInputStream(new ByteArrayInputStream(page.body()))) {
        assertThat(new String(text.readAllBytes(), UTF_8))
            .contains("freshet_trainer_policy_version");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"identity", "gzip;q=0", "gzip;q=0.000", "deflate", "x-gzipped"})
  void aPageIsNotCompressedForOthers(String accepted) throws Exception {
    try (StatusListener status = listener()) {
      HttpResponse<byte[]> page =
          ScrapedPage.get(status.url(), "/metrics", "accept-encoding", accepted);

      assertThat(page.headers().firstValue("content-encoding")).isEmpty();
      assertThat(new String(page.body(), UTF_8)).contains("freshet_trainer_policy_version");
    }
  }

  @Test
  void manyScrapersAtOnceAreAllAnswered() throws Exception {
    try (StatusListener status = listener()) {
      List<CompletableFuture<Integer>> answers =
          IntStream.range(0, 40)
              .mapToObj(
                  _ ->
                      CompletableFuture.supplyAsync(
                          () -> {
                            try {
                              return ScrapedPage.get(status.url(), "/metrics").statusCode();
                            } catch (Exception e) {
                              throw new IllegalStateException(e);
                            }
                          }))
              .toList();

      assertThat(answers.stream().map(CompletableFuture::join)).isSubsetOf(200, 503).contains(200);
    }
  }

  @Test
  void aPortInUseIsReportedInOneLine() {
    try (StatusListener status = listener()) {
      int taken = status.url().getPort();

      assertThatThrownBy(
              () ->
                  StatusListener.start(
                      new InetSocketAddress(InetAddress.getLoopbackAddress(), taken),
                      HttpConfig.DEFAULT,
                      new MetricsRegistry(),
                      Optional.empty()))
          .isInstanceOf(ListenException.class)
          .hasMessageStartingWith("status listener: cannot listen on ")
          .hasMessageContaining(":" + taken);
    }
  }
}

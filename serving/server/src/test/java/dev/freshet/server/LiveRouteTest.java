package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.wire.AdminToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LiveRouteTest {
  @TempDir Path dir;

  /** A watcher of the admin listener's events. */
  private static final class Watcher implements AutoCloseable {
    private final InputStream body;
    private final BufferedReader lines;

    Watcher(ServerFixture fixture, String lastEventId) throws Exception {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(fixture.server.adminUrl().resolve("/events"));
      if (!lastEventId.isEmpty()) {
        request.header("last-event-id", lastEventId);
      }
      HttpResponse<InputStream> response =
          fixture.http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("content-type").orElse(""))
          .startsWith("text/event-stream");
      body = response.body();
      lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
    }

    /** The next event: its id, name and data. */
    List<String> next() throws IOException {
      List<String> event = new ArrayList<>();
      for (String line = lines.readLine();
          line != null && !line.isEmpty();
          line = lines.readLine()) {
        event.add(line.substring(line.indexOf(' ') + 1));
      }
      return event;
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  @Test
  void thePageIsServedByTheAdminListener() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      HttpResponse<String> page = fixture.get(fixture.server.adminUrl(), "/");

      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(page.body()).isEqualTo(ServerFixture.PAGE);
      assertThat(page.headers().firstValue("content-type")).contains("text/html; charset=utf-8");
    }
  }

  @Test
  void aWatcherGetsEarlierAndNewEvents() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      fixture.feed.state("hello", "{}");
      fixture.feed.lines(List.of("{\"a\":1}", "{\"a\":2}"));
      try (Watcher watcher = new Watcher(fixture, "")) {
        assertThat(watcher.next()).endsWith("hello", "{}");
        assertThat(watcher.next()).endsWith("lines", "[{\"a\":1},{\"a\":2}]");

        fixture.feed.lines(List.of("{\"a\":\"ü\"}"));

        assertThat(watcher.next()).endsWith("lines", "[{\"a\":\"ü\"}]");
      }
    }
  }

  @Test
  void aWatcherThatReconnectsContinuesAfterItsLastEvent() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      fixture.feed.lines(List.of("{\"a\":1}"));
      fixture.feed.lines(List.of("{\"a\":2}"));
      String first;
      try (Watcher watcher = new Watcher(fixture, "")) {
        first = watcher.next().getFirst();
      }

      try (Watcher again = new Watcher(fixture, first);
          Watcher ofAnother = new Watcher(fixture, "0123456789abcdef-7")) {
        assertThat(again.next()).endsWith("[{\"a\":2}]");
        assertThat(ofAnother.next()).endsWith("[{\"a\":1}]");
      }
    }
  }

  @Test
  void aWatcherThatReadsNothingBlocksNoOtherClient() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      String line = "{\"a\":\"%s\"}".formatted("x".repeat(1000));
      for (int i = 0; i < 20_000; i++) {
        fixture.feed.lines(List.of(line));
      }
      try (Watcher _ = new Watcher(fixture, "");
          Watcher other = new Watcher(fixture, "")) {
        for (int i = 0; i < 20_000; i++) {
          assertThat(other.next()).hasSize(3);
        }
        assertThat(fixture.get(fixture.server.adminUrl(), "/health").statusCode()).isEqualTo(200);
        assertThat(fixture.get(fixture.server.adminUrl(), "/weight_info").statusCode())
            .isEqualTo(200);
      }
    }
  }

  @Test
  void aWatcherThatDisconnectsIsRemoved() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      try (Watcher watcher = new Watcher(fixture, "")) {
        fixture.feed.lines(List.of("{}"));
        assertThat(watcher.next()).hasSize(3);
        assertThat(fixture.feed.watched()).isTrue();
      }
      eventually(
          () -> {
            fixture.feed.lines(List.of("{}"));
            return !fixture.feed.watched();
          });
    }
  }

  @Test
  void aServerThatClosesEndsItsWatchersStreams() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir);
        Watcher watcher = new Watcher(fixture, "")) {
      fixture.feed.lines(List.of("{}"));
      assertThat(watcher.next()).hasSize(3);

      fixture.server.close();

      assertThat(watcher.next()).isEmpty();
    }
  }

  @Test
  void aBrowserIsAskedForTheTokenAsAPassword() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir, new AdminToken("s3cret"))) {
      HttpResponse<String> refused = fixture.get(fixture.server.adminUrl(), "/");
      assertThat(refused.statusCode()).isEqualTo(401);
      assertThat(refused.headers().firstValue("www-authenticate").orElse("")).startsWith("Basic ");

      assertThat(
              fixture
                  .get(fixture.server.adminUrl(), "/", "authorization", basic("me:s3cret"))
                  .statusCode())
          .isEqualTo(200);
      assertThat(
              fixture
                  .get(fixture.server.adminUrl(), "/", "authorization", "Bearer s3cret")
                  .statusCode())
          .isEqualTo(200);
      for (String wrong : List.of(basic("me:s3cre"), basic("s3cret:"), "Basic %%%", "Basic ")) {
        assertThat(fixture.get(fixture.server.adminUrl(), "/", "authorization", wrong).statusCode())
            .isEqualTo(401);
      }
    }
  }

  private static String basic(String pair) {
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aCrossOriginPostIsRejected() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      URI pause = fixture.server.adminUrl().resolve("/pause");
      HttpRequest byPage =
          HttpRequest.newBuilder(pause)
              .timeout(Duration.ofSeconds(30))
              .header("origin", "http://example.org")
              .POST(HttpRequest.BodyPublishers.noBody())
              .build();

      HttpResponse<String> refused =
          fixture.http.send(byPage, HttpResponse.BodyHandlers.ofString());

      assertThat(refused.statusCode()).isEqualTo(403);
      assertThat(refused.body()).contains("not a web page");
      assertThat(fixture.engine.paused()).isFalse();
    }
  }
}

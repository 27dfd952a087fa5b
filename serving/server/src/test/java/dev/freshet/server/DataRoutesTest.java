package dev.freshet.server;

import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.wire.AdminToken;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Which routes the data listener has, and who may use them. */
@Timeout(120)
class DataRoutesTest {
  private static final List<String> ADMIN_POSTS =
      List.of(
          "/update_weights",
          "/reload_weights",
          "/v1/load_lora_adapter",
          "/v1/unload_lora_adapter",
          "/pause?mode=keep",
          "/resume",
          "/abort_requests",
          "/update_weights/",
          "/%75pdate_weights");

  private static final List<String> ADMIN_GETS =
      List.of("/is_paused", "/weight_info", "/debug/waits", "/", "/events");

  @TempDir private Path dir;

  @Test
  void theServedModelHasARouteOfItsOwn() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      String list = get(fixture, "/v1/models/").body();
      JsonNode listed = json(list).path("data").path(0);
      String name = listed.path("id").asString();
      String encoded = URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");

      assertThat(json(get(fixture, "/v1/models/" + encoded).body())).isEqualTo(listed);
      assertThat(json(get(fixture, "/v1/models/" + encoded + "/").body())).isEqualTo(listed);
      HttpResponse<String> other = get(fixture, "/v1/models/an%2Fother/one");
      assertThat(other.statusCode()).isEqualTo(404);
      assertThat(json(other.body()).at("/error/message").asString())
          .contains("'an/other/one' is not served, expected '%s'".formatted(name));
    }
  }

  @Test
  void withoutATokenTheDataListenerHasNoAdminRoutes() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      for (String path : ADMIN_POSTS) {
        HttpResponse<String> answer = fixture.post(fixture.server.dataUrl(), path, "{}");
        assertThat(answer.statusCode()).as(path).isEqualTo(404);
        assertThat(json(answer.body()).at("/error/message").asString())
            .startsWith("no such route: /")
            .contains("the admin listener");
      }
      for (String path : ADMIN_GETS) {
        assertThat(get(fixture, path).statusCode()).as(path).isEqualTo(404);
      }
      assertThat(get(fixture, "/health").statusCode()).isEqualTo(200);
      assertThat(get(fixture, "/liveness").statusCode()).isEqualTo(200);
      assertThat(fixture.engine.paused()).isFalse();
      assertThat(fixture.engine.updates()).isZero();
      assertThat(fixture.log).isEmpty();
    }
  }

  @Test
  void withATokenTheDataListenerAnswersAdminRoutesThatCarryIt() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir, new AdminToken("s3cret"))) {
      URI data = fixture.server.dataUrl();
      for (String path : ADMIN_POSTS) {
        assertThat(fixture.post(data, path, "{}").statusCode()).as(path).isEqualTo(401);
      }
      for (String path : ADMIN_GETS) {
        assertThat(get(fixture, path).statusCode()).as(path).isEqualTo(401);
      }
      assertThat(get(fixture, "/health").statusCode()).isEqualTo(200);
      String[] token = {"authorization", "bearer s3cret"};
      assertThat(fixture.post(data, "/reload_weights", "{}", token).statusCode()).isEqualTo(200);
      assertThat(fixture.get(data, "/weight_info", token).body())
          .isEqualTo("{\"weight_version\":\"0\"}");
      assertThat(fixture.get(data, "/", token).body()).isEqualTo(ServerFixture.PAGE);
      assertThat(fixture.log).anyMatch(line -> line.contains("rpc.done op=reload_weights"));
    }
  }

  @Test
  void headOfEveryReadableRouteHasNoBody() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      fixture.feed.state("hello", "{}");
      for (String path : new String[] {"/health", "/v1/models", "/liveness"}) {
        assertThat(head(fixture, fixture.server.dataUrl().resolve(path)).statusCode())
            .isEqualTo(200);
      }
      for (String path :
          new String[] {"/health", "/metrics", "/weight_info", "/is_paused", "/", "/events"}) {
        HttpResponse<String> head = head(fixture, fixture.server.adminUrl().resolve(path));
        assertThat(head.statusCode()).as(path).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.headers().firstValue("content-type")).isPresent();
      }
      assertThat(fixture.feed.watched()).isFalse();
    }
  }

  @Test
  void aListenerWithoutATokenAnswersNoReboundNameAndNoPageOfAnotherSite() throws Exception {
    try (ServerFixture open = new ServerFixture(dir);
        ServerFixture guarded = new ServerFixture(dir, new AdminToken("s3cret"))) {
      for (InetSocketAddress listener :
          List.of(open.server.dataAddress(), open.server.adminAddress())) {
        assertThat(status(listener, "/health", "host: evil.example")).isEqualTo(421);
        assertThat(status(listener, "/health", "host: localhost")).isEqualTo(200);
        assertThat(status(listener, "/health", "host: localhost", "sec-fetch-site: cross-site"))
            .isEqualTo(403);
      }
      assertThat(
              status(
                  open.server.adminAddress(),
                  "/events",
                  "host: localhost",
                  "origin: http://evil.example"))
          .isEqualTo(403);
      assertThat(status(guarded.server.adminAddress(), "/is_paused", "host: gpu-7")).isEqualTo(401);
      assertThat(
              status(
                  guarded.server.adminAddress(),
                  "/is_paused",
                  "host: gpu-7",
                  "authorization: bearer s3cret"))
          .isEqualTo(200);
      assertThat(status(guarded.server.dataAddress(), "/v1/models", "host: evil.example"))
          .isEqualTo(421);
    }
  }

  private static int status(InetSocketAddress listener, String path, String... headers)
      throws Exception {
    try (Socket socket = new Socket()) {
      socket.connect(listener);
      socket.setSoTimeout(60_000);
      ServerFixture.send(
          socket,
          "GET %s HTTP/1.1\r\n%s\r\nconnection: close\r\n\r\n"
              .formatted(path, String.join("\r\n", headers)));
      return Integer.parseInt(ServerFixture.readAll(socket.getInputStream()).split(" ")[1]);
    }
  }

  private static HttpResponse<String> head(ServerFixture fixture, URI url) throws Exception {
    return fixture.http.send(
        HttpRequest.newBuilder(url).timeout(ServerFixture.LONG).HEAD().build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static HttpResponse<String> get(ServerFixture fixture, String path) throws Exception {
    return fixture.get(fixture.server.dataUrl(), path);
  }
}

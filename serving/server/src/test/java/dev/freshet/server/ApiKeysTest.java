package dev.freshet.server;

import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Completion;
import dev.freshet.client.StreamingClient;
import dev.freshet.http.HttpConfig;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.CompletionRequest;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Which requests of the data listener need an API key. */
@Timeout(120)
class ApiKeysTest {
  private static final ApiKeys KEYS = ApiKeys.of(List.of("first-key", "second-key"));
  private static final String COMPLETION = "{\"prompt\":\"ab\",\"max_tokens\":1}";
  private static final List<String> GUARDED =
      List.of(
          "/v1/completions",
          "/v1/chat/completions",
          "/inference/v1/generate",
          "/tokenize",
          "/detokenize",
          "/v1/models",
          "/v1/models/any",
          "/nowhere");

  @TempDir private Path dir;

  private ServerFixture server(Optional<AdminToken> token) throws Exception {
    return ServerFixture.withKeys(dir, KEYS, token, HttpConfig.DEFAULT);
  }

  @Test
  void aDataRouteWithoutAValidKeyIsAnswered401InOpenAisShape() throws Exception {
    try (ServerFixture fixture = server(Optional.empty())) {
      for (String path : GUARDED) {
        for (String[] headers :
            List.of(
                new String[] {},
                new String[] {"authorization", "Bearer first-ke"},
                new String[] {"authorization", "Bearer first-keyy"},
                new String[] {"authorization", "Basic first-key"},
                new String[] {"authorization", "first-key"},
                new String[] {"x-api-key", "third"})) {
          HttpResponse<String> answer =
              fixture.post(fixture.server.dataUrl(), path, COMPLETION, headers);

          assertThat(answer.statusCode()).as(path).isEqualTo(401);
          assertThat(answer.headers().firstValue("www-authenticate")).hasValue("Bearer");
          JsonNode error = json(answer.body()).path("error");
          assertThat(error.path("code").asString()).isEqualTo("invalid_api_key");
          assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
          assertThat(error.path("message").asString()).startsWith(path + ": expected a valid API");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/messages", "/v1/messages/count_tokens", "/s/a/v1/messages"})
  void aRouteOfAnthropicsWithoutAValidKeyIsAnswered401InItsShape(String path) throws Exception {
    try (ServerFixture fixture = server(Optional.empty())) {
      HttpResponse<String> answer = fixture.post(fixture.server.dataUrl(), path, "{}");

      assertThat(answer.statusCode()).isEqualTo(401);
      JsonNode body = json(answer.body());
      assertThat(body.path("type").asString()).isEqualTo("error");
      assertThat(body.path("error").path("type").asString()).isEqualTo("authentication_error");
      assertThat(body.path("error").path("message").asString())
          .startsWith(path + ": expected a valid API key");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "authorization, Bearer session:a, x-api-key, first-key",
    "x-api-key, session:a, authorization, Bearer first-key",
  })
  void aSessionMayBeInOneOfTheHeadersIfTheKeyIsInTheOther(
      String header, String session, String other, String key) throws Exception {
    try (ServerFixture fixture = server(Optional.empty())) {
      URI data = fixture.server.dataUrl();
      HttpResponse<String> refused =
          fixture.post(data, "/v1/completions", COMPLETION, header, session);
      assertThat(refused.statusCode()).isEqualTo(401);
      assertThat(refused.body())
          .contains("'session:NAME' is a session, not a key: send the key in the other header");

      assertThat(
              fixture
                  .post(data, "/v1/completions", COMPLETION, header, session, other, key)
                  .statusCode())
          .isEqualTo(200);
      assertThat(fixture.get(data, "/s/a", other, key).body()).contains("\"turns\":1");
    }
  }

  @Test
  void everyKeyAuthorizesInOpenAisHeaderAndInAnthropics() throws Exception {
    try (ServerFixture fixture = server(Optional.empty())) {
      URI data = fixture.server.dataUrl();
      for (String[] headers :
          List.of(
              new String[] {"authorization", "Bearer first-key"},
              new String[] {"authorization", "bearer  second-key"},
              new String[] {"x-api-key", "second-key"})) {
        assertThat(fixture.get(data, "/v1/models", headers).statusCode()).isEqualTo(200);
        assertThat(fixture.post(data, "/tokenize", "{\"prompt\":\"ab\"}", headers).statusCode())
            .isEqualTo(200);
      }
    }
  }

  @Test
  void whatTellsWhetherTheServerWorksNeedsNoKey() throws Exception {
    try (ServerFixture fixture = server(Optional.empty())) {
      for (String path :
          List.of("/health", "/liveness", "/ping", "/version", "/load", "/metrics")) {
        assertThat(fixture.get(fixture.server.dataUrl(), path).statusCode())
            .as(path)
            .isEqualTo(200);
      }
      assertThat(fixture.get(fixture.server.adminUrl(), "/weight_info").statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void anAdminRouteOfTheDataListenerNeedsTheAdminTokenAndNoKey() throws Exception {
    try (ServerFixture fixture = server(Optional.of(new AdminToken("of-operators")))) {
      URI data = fixture.server.dataUrl();
      String[] token = {"authorization", "Bearer of-operators"};
      String[] key = {"authorization", "Bearer first-key"};

      assertThat(fixture.get(data, "/weight_info", token).statusCode()).isEqualTo(200);
      assertThat(fixture.get(data, "/weight_info", key).statusCode()).isEqualTo(401);
      assertThat(fixture.get(data, "/v1/models", token).statusCode()).isEqualTo(401);
      assertThat(fixture.get(data, "/v1/models", key).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void aRequestIsRefusedBeforeItsBodyIsRead() throws Exception {
    try (ServerFixture fixture = server(Optional.empty())) {
      assertThat(
              fixture.exchange(
                  "POST /tokenize HTTP/1.1\r\nhost: [::1]\r\nexpect: 100-continue\r\n\r\n"))
          .startsWith("HTTP/1.1 401 ");
    }
  }

  @Test
  void theStreamingClientSendsItsKey() throws Exception {
    try (ServerFixture fixture = server(Optional.empty());
        StreamingClient client = new StreamingClient(Optional.of("second-key"))) {
      Completion completion =
          ServerFixture.await(
              client.start(
                  fixture.server.dataUrl(),
                  CompletionRequest.text("a").maxTokens(3).build(),
                  ServerFixture.LONG));

      assertThat(completion.text()).isEqualTo("bcd");
    }
  }

  @Test
  void versionAndLoadAreAnsweredAsByVllm() throws Exception {
    try (ServerFixture fixture = server(Optional.empty())) {
      URI data = fixture.server.dataUrl();
      assertThat(fixture.get(data, "/version").body()).matches("\\{\"version\":\"[0-9.]+\"}");
      assertThat(fixture.get(data, "/load").body()).isEqualTo("{\"server_load\":0}");
      assertThat(fixture.get(data, "/ping").body()).isEmpty();
    }
  }
}

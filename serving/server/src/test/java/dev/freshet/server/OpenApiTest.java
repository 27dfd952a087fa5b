package dev.freshet.server;

import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.http.HttpConfig;
import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.Version;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The description of the routes is what the data listener answers. */
@Timeout(120)
class OpenApiTest {
  @TempDir private Path dir;

  private static JsonNode description(ServerFixture fixture) throws Exception {
    return json(fixture.get(fixture.server.dataUrl(), "/openapi.json").body());
  }

  private static HttpResponse<String> ask(
      ServerFixture fixture, String method, String path, String... headers) throws Exception {
    URI data = fixture.server.dataUrl();
    return method.equals("POST")
        ? fixture.post(data, path, "{}", headers)
        : fixture.get(data, path, headers);
  }

  @Test
  void itHasTheRoutesOfTheDataListenerAndNoOther() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      JsonNode description = description(fixture);
      Map<String, String> described = new TreeMap<>();
      description
          .path("paths")
          .properties()
          .forEach(
              route ->
                  described.put(
                      route.getKey(),
                      String.join(",", route.getValue().propertyNames()).toUpperCase(Locale.ROOT)));

      assertThat(described).isEqualTo(new TreeMap<>(fixture.server.methods()));
      assertThat(description.at("/info/version").asString()).isEqualTo(Version.NUMBER);
    }
  }

  @Test
  void everyStatusOfARouteIsDescribed() throws Exception {
    String model = "/v1/models/{model}";
    try (ServerFixture fixture =
        ServerFixture.withKeys(
            dir, ApiKeys.of(List.of("a-key")), Optional.empty(), HttpConfig.DEFAULT)) {
      JsonNode paths = description(fixture).path("paths");
      for (Map.Entry<String, String> route : fixture.server.methods().entrySet()) {
        String path = route.getKey().equals(model) ? "/v1/models/x" : route.getKey();
        String method = route.getValue();
        JsonNode operation = paths.path(route.getKey()).path(method.toLowerCase(Locale.ROOT));
        String other = method.equals("GET") ? "POST" : "GET";
        String[] key = {"authorization", "Bearer a-key"};
        boolean open = operation.has("security");

        HttpResponse<String> without = ask(fixture, method, path);
        assertThat(without.statusCode() == 401).as(path).isEqualTo(!open);
        for (HttpResponse<String> answer :
            List.of(
                without,
                ask(fixture, method, path, key),
                ask(fixture, other, path, key),
                ask(
                    fixture,
                    method,
                    path,
                    "authorization",
                    "Bearer a-key",
                    "origin",
                    "http://b"))) {
          assertThat(operation.path("responses").propertyNames())
              .as(path)
              .contains(Integer.toString(answer.statusCode()));
        }
      }
    }
  }
}

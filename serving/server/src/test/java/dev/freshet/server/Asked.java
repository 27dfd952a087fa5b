package dev.freshet.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Requests to a server with a model, written with single quotes. */
final class Asked {
  static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private Asked() {}

  static HttpResponse<String> send(ModelServer server, String route, String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(server.server.dataUrl().resolve(route))
            .POST(HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  static JsonNode post(ModelServer server, String route, String body) throws Exception {
    HttpResponse<String> answer = send(server, route, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return JSON.readTree(answer.body());
  }

  static String chat(String fields) {
    return "{'messages':[{'role':'user','content':'the river'}],'temperature':2,'max_tokens':200"
        + fields
        + "}";
  }

  static JsonNode choice(ModelServer server, String fields) throws Exception {
    return post(server, "/v1/chat/completions", chat(fields)).get("choices").get(0);
  }
}

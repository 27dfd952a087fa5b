package dev.freshet.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A session with a real model, its chat template and its tokenizer. */
@Timeout(120)
class SessionModelTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static ModelServer server;

  @BeforeAll
  static void open() {
    server = new ModelServer();
  }

  @AfterAll
  static void close() {
    server.close();
  }

  private static String send(HttpRequest.Builder request) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      return response.body();
    }
  }

  private static JsonNode chat(String messages) throws Exception {
    URI url = server.server.dataUrl().resolve("/s/m/v1/chat/completions");
    String body =
        "{\"messages\":[%s],\"max_tokens\":12,\"seed\":5,\"return_token_ids\":true}"
            .formatted(messages);
    return JSON.readTree(
        send(HttpRequest.newBuilder(url).POST(HttpRequest.BodyPublishers.ofString(body))));
  }

  private static double cachedTokens() throws Exception {
    return send(HttpRequest.newBuilder(server.server.adminUrl().resolve("/metrics")))
        .lines()
        .filter(line -> line.startsWith("freshet_prefix_hit_tokens_total "))
        .mapToDouble(line -> Double.parseDouble(line.split(" ", 2)[1]))
        .sum();
  }

  private static List<Integer> ids(JsonNode list) {
    List<Integer> ids = new ArrayList<>();
    list.forEach(id -> ids.add(id.asInt()));
    return ids;
  }

  @Test
  void everyTurnBeginsWithTheTokensOfTheLastAndUsesTheirCachedPrefix() throws Exception {
    String messages = "{\"role\":\"user\",\"content\":\"hello\"}";
    List<Integer> expected = new ArrayList<>();
    for (int turn = 0; turn < 3; turn++) {
      double cached = cachedTokens();
      JsonNode answer = chat(messages);
      List<Integer> prompt = ids(answer.get("prompt_token_ids"));
      assertThat(prompt.subList(0, expected.size())).isEqualTo(expected);
      if (turn > 0) {
        assertThat(cachedTokens()).isGreaterThan(cached);
      }
      JsonNode choice = answer.get("choices").get(0);
      expected = new ArrayList<>(prompt);
      expected.addAll(ids(choice.get("token_ids")));
      messages +=
          ",{\"role\":\"assistant\",\"content\":%s},{\"role\":\"user\",\"content\":\"go on\"}"
              .formatted(choice.get("message").get("content"));
    }

    JsonNode capture =
        JSON.readTree(send(HttpRequest.newBuilder(server.server.dataUrl().resolve("/s/m"))));
    assertThat(capture.get("broken_prefixes").asInt()).isZero();
    assertThat(capture.get("captured_branches")).hasSize(1);
    assertThat(ids(capture.get("captured_branches").get(0).get("token_ids"))).isEqualTo(expected);
  }
}

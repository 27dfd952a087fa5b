package dev.freshet.server;

import static dev.freshet.engine.Fixture.LLAMA;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Chats with a model whose chat template transformers has rendered and tokenized. */
@Timeout(120)
class ChatModelTest {
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

  static List<JsonNode> chats() {
    JsonNode golden = JSON.readTree(LLAMA.resolve("golden.json").toFile());
    return StreamSupport.stream(golden.get("chat").spliterator(), false).toList();
  }

  private static JsonNode post(String route, String body) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(server.server.dataUrl().resolve(route))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      return JSON.readTree(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }
  }

  @ParameterizedTest
  @MethodSource("chats")
  void aChatHasTheTokensThatTransformersMakesOfIt(JsonNode chat) throws Exception {
    JsonNode answer = post("/tokenize", "{\"messages\":%s}".formatted(chat.get("messages")));

    assertThat(answer.get("tokens")).isEqualTo(chat.get("input_ids"));
  }

  @ParameterizedTest
  @MethodSource("chats")
  void itsAnswerIsThatOfACompletionOfThoseTokens(JsonNode chat) throws Exception {
    String greedy = ",\"max_tokens\":8,\"temperature\":0,\"return_token_ids\":true}";
    JsonNode answer =
        post("/v1/chat/completions", "{\"messages\":%s%s".formatted(chat.get("messages"), greedy));
    JsonNode completion =
        post("/v1/completions", "{\"prompt\":%s%s".formatted(chat.get("input_ids"), greedy));

    assertThat(answer.get("choices").get(0).get("token_ids"))
        .isEqualTo(completion.get("choices").get(0).get("token_ids"));
    assertThat(answer.get("choices").get(0).get("message").get("content"))
        .isEqualTo(completion.get("choices").get(0).get("text"));
  }

  @Test
  void aPromptMayEndWhereTheContentOfTheLastMessageEnds() throws Exception {
    String messages =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"the river\"},{\"role\":\"assistant\",\"content\":\"and\"}],\"add_generation_prompt\":false%s}";
    String continued = ",\"continue_final_message\":true";

    JsonNode closed = post("/tokenize", messages.formatted(""));
    JsonNode open = post("/tokenize", messages.formatted(continued));

    int length = open.get("tokens").size();
    assertThat(length).isLessThan(closed.get("tokens").size());
    for (int i = 0; i < length; i++) {
      assertThat(open.get("tokens").get(i)).isEqualTo(closed.get("tokens").get(i));
    }
  }
}

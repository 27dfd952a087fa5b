package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** Several choices of one prompt from a small real model that runs four completions at once. */
@Timeout(120)
class ModelChoicesTest {
  private final ModelServer fixture = new ModelServer();
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void close() {
    http.close();
    fixture.close();
  }

  private HttpRequest request(URI url, String body) {
    return HttpRequest.newBuilder(url)
        .timeout(Duration.ofSeconds(60))
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private HttpRequest completion(String fields) {
    return request(
        fixture.server.dataUrl().resolve("/v1/completions"),
        "{\"prompt\":[320,363,364],\"max_tokens\":12,\"ignore_eos\":true,\"return_token_ids\":true,\"logprobs\":1,%s}"
            .formatted(fields));
  }

  private HttpResponse<String> post(String fields) throws Exception {
    return http.send(completion(fields), HttpResponse.BodyHandlers.ofString());
  }

  private JsonNode choices(String fields) throws Exception {
    HttpResponse<String> answer = post(fields);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return ServerFixture.json(answer.body()).get("choices");
  }

  private static List<Integer> ids(JsonNode choice) {
    return choice.get("token_ids").valueStream().map(JsonNode::asInt).toList();
  }

  @Test
  void everyChoiceOfASeedIsReproducibleAndTheFirstIsTheOnlyOneOfTheSameRequest() throws Exception {
    JsonNode three = choices("\"seed\":7,\"n\":3");
    JsonNode again = choices("\"seed\":7,\"n\":3,\"best_of\":3");
    JsonNode five = choices("\"seed\":7,\"n\":5");
    JsonNode one = choices("\"seed\":7");

    assertThat(ids(three.get(0))).isEqualTo(ids(one.get(0)));
    List<List<Integer>> drawn = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      drawn.add(ids(five.get(i)));
    }
    assertThat(drawn).doesNotHaveDuplicates();
    for (int i = 0; i < 3; i++) {
      assertThat(ids(three.get(i))).isEqualTo(drawn.get(i));
      assertThat(ids(again.get(i))).isEqualTo(drawn.get(i));
    }
    assertThat(ids(choices("\"seed\":8").get(0))).isNotIn(drawn);
  }

  @Test
  void aStreamHasTheChoicesOfAWholeAnswer() throws Exception {
    JsonNode whole = choices("\"seed\":7,\"n\":3");
    StreamedChoices streamed =
        StreamedChoices.of(post("\"seed\":7,\"n\":3,\"stream\":true").body());

    for (int i = 0; i < 3; i++) {
      StreamedChoices.Choice choice = streamed.choice(i);
      assertThat(choice.ids).isEqualTo(ids(whole.get(i)));
      assertThat(choice.text.toString()).isEqualTo(whole.get(i).get("text").asString());
      JsonNode logprobs = whole.get(i).at("/logprobs/token_logprobs");
      assertThat(choice.logprobs).hasSameSizeAs(logprobs);
      for (int token = 0; token < 12; token++) {
        assertThat(choice.logprobs.get(token))
            .isCloseTo(logprobs.get(token).asDouble(), within(1e-4));
      }
    }
  }

  @Test
  void choicesWithoutASeedDiffer() throws Exception {
    JsonNode choices = choices("\"n\":4");
    assertThat(choices.valueStream().map(ModelChoicesTest::ids)).doesNotHaveDuplicates();
  }

  @Test
  void everyChoiceEndsForItsOwnReason() throws Exception {
    JsonNode free = choices("\"seed\":7,\"n\":3");
    List<Integer> others = new ArrayList<>(ids(free.get(0)));
    others.addAll(ids(free.get(2)));
    int own =
        ids(free.get(1)).stream().filter(id -> !others.contains(id)).findFirst().orElseThrow();

    HttpResponse<String> answer = post("\"seed\":7,\"n\":3,\"stop_token_ids\":[%d]".formatted(own));
    JsonNode stopped = ServerFixture.json(answer.body());

    assertThat(stopped.get("choices"))
        .extracting(choice -> choice.get("finish_reason").asString())
        .containsExactly("length", "stop", "length");
    assertThat(stopped.at("/choices/1/stop_reason").asInt()).isEqualTo(own);
    assertThat(ids(stopped.at("/choices/1"))).endsWith(own);
    assertThat(stopped.at("/usage/completion_tokens").asInt())
        .isEqualTo(24 + ids(stopped.at("/choices/1")).size());
  }

  @Test
  void moreChoicesThanRunAtOnceAllEndAndAreAllCounted() throws Exception {
    JsonNode choices = choices("\"n\":11");

    assertThat(choices.valueStream().map(choice -> choice.get("index").asInt()))
        .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    assertThat(choices.valueStream().map(ModelChoicesTest::ids))
        .doesNotHaveDuplicates()
        .allSatisfy(ids -> assertThat(ids).hasSize(12));
    eventually(() -> value("freshet_completions_total{finish_reason=\"length\"}") == 11);
    assertThat(value("freshet_time_to_first_token_seconds_count")).isEqualTo(11);
    assertThat(value("freshet_generated_tokens_total")).isEqualTo(11 * 12);
    assertThat(value("freshet_streams_open")).isZero();
  }

  private double value(String series) {
    try {
      return ScrapedPage.of(fixture.server.adminUrl()).value(series);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aRequestWhoseChoicesDoNotAllFitIntoTheQueueIsRefusedAsAWhole() throws Exception {
    http.send(
        request(fixture.server.adminUrl().resolve("/pause"), "{}"),
        HttpResponse.BodyHandlers.ofString());
    CompletableFuture<HttpResponse<String>> first =
        http.sendAsync(completion("\"n\":40"), HttpResponse.BodyHandlers.ofString());
    eventually(() -> value("freshet_completions_waiting") == 40);

    HttpResponse<String> refused = post("\"n\":25");
    HttpResponse<String> never = post("\"n\":65");

    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(ServerFixture.json(refused.body()).at("/error/code").asString())
        .isEqualTo("overloaded");
    assertThat(never.statusCode()).isEqualTo(400);
    assertThat(value("freshet_completions_waiting")).isEqualTo(40);
    http.send(
        request(fixture.server.adminUrl().resolve("/resume"), "{}"),
        HttpResponse.BodyHandlers.ofString());
    assertThat(ServerFixture.json(first.get(60, TimeUnit.SECONDS).body()).get("choices"))
        .hasSize(40);
  }

  @Test
  void greedyChoicesWouldAllBeEqualAndAreRefused() throws Exception {
    HttpResponse<String> refused = post("\"n\":2,\"temperature\":0");

    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(ServerFixture.json(refused.body()).at("/error/message").asString())
        .startsWith("n: expected 1 at a greedy temperature");
  }
}

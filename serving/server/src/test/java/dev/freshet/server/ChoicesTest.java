package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.completionRequest;
import static dev.freshet.server.ServerFixture.json;
import static dev.freshet.server.ServerFixture.send;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Several choices of one prompt, from an engine whose steps a test controls. */
@Timeout(120)
class ChoicesTest {
  @AutoClose private ServerFixture fixture;

  @BeforeEach
  void open(@TempDir Path dir) throws Exception {
    fixture = new ServerFixture(dir);
  }

  private CompletableFuture<HttpResponse<String>> post(String fields) {
    return fixture.http.sendAsync(request(fields), HttpResponse.BodyHandlers.ofString());
  }

  private HttpRequest request(String fields) {
    return HttpRequest.newBuilder(fixture.server.dataUrl().resolve("/v1/completions"))
        .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"ab\"," + fields + "}"))
        .build();
  }

  private static String body(CompletableFuture<HttpResponse<String>> answer) throws Exception {
    return answer.get(60, TimeUnit.SECONDS).body();
  }

  private void awaitCounted(String reason, int completions) throws Exception {
    String series = "freshet_completions_total{finish_reason=\"%s\"}".formatted(reason);
    eventually(() -> count(series) == completions);
    assertThat(count("freshet_streams_open")).isZero();
  }

  private double count(String series) {
    try {
      return ScrapedPage.of(fixture.server.adminUrl()).value(series);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aWholeAnswerHasTheChoicesInOrderAndCountsThePromptOnce() throws Exception {
    JsonNode answer = json(body(post("\"n\":3,\"max_tokens\":4,\"return_token_ids\":true")));

    assertThat(answer.get("choices")).hasSize(3);
    for (int i = 0; i < 3; i++) {
      JsonNode choice = answer.get("choices").get(i);
      assertThat(choice.get("index").asInt()).isEqualTo(i);
      assertThat(choice.get("text").asString()).isEqualTo("cdef");
      assertThat(choice.get("prompt_token_ids")).hasSize(2);
      assertThat(choice.get("finish_reason").asString()).isEqualTo("length");
    }
    assertThat(answer.get("usage").toString())
        .isEqualTo(
            "{\"prompt_tokens\":2,\"completion_tokens\":12,\"total_tokens\":14,\"prompt_tokens_details\":null,\"completion_tokens_details\":null}");
    awaitCounted("length", 3);
    assertThat(count("freshet_time_to_first_token_seconds_count")).isEqualTo(3);
  }

  @Test
  void aStreamHasAnEventForEachTokenOfEachChoiceAndOneUsage() throws Exception {
    String body =
        body(
            post(
                "\"n\":3,\"max_tokens\":4,\"stream\":true,\"stream_options\":{\"include_usage\":true},\"return_token_ids\":true,\"logprobs\":0"));

    StreamedChoices read = StreamedChoices.of(body);
    assertThat(read.byIndex.keySet()).containsExactly(0, 1, 2);
    for (StreamedChoices.Choice choice : read.byIndex.values()) {
      assertThat(choice.text.toString()).isEqualTo("cdef");
      assertThat(choice.ids).hasSize(4);
      assertThat(choice.promptIds).hasSize(2);
      assertThat(choice.logprobs).containsExactly(-0.25, -0.5, -0.75, -1.0);
      assertThat(choice.finishReason).isEqualTo("length");
    }
    assertThat(read.others).hasSize(1);
    assertThat(read.others.getFirst().get("usage").toString())
        .isEqualTo("{\"prompt_tokens\":2,\"completion_tokens\":12,\"total_tokens\":14}");
    awaitCounted("length", 3);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientThatLeavesCancelsAllChoices(boolean stream) throws Exception {
    fixture.engine.hold();
    try (Socket socket = fixture.dataSocket()) {
      socket.setSoLinger(true, 0); // A reset, as of a client that has died.
      send(socket, completionRequest("{\"prompt\":\"a\",\"n\":3,\"stream\":%b}".formatted(stream)));
      eventually(() -> fixture.engine.running() == 3);
      fixture.engine.make(1);
    }
    eventually(() -> fixture.engine.running() == 0);
    awaitCounted("gone", 3);
  }

  @Test
  void oneChoiceThatFailsEndsTheStreamWithAnErrorAndCancelsTheOthers() throws Exception {
    fixture.engine.hold();
    HttpResponse<Stream<String>> answer =
        fixture.http.send(request("\"n\":3,\"stream\":true"), HttpResponse.BodyHandlers.ofLines());
    Iterator<String> lines = answer.body().filter(line -> !line.isEmpty()).iterator();
    fixture.engine.make(1);
    List<String> received = new ArrayList<>(List.of(lines.next(), lines.next(), lines.next()));
    fixture.engine.fail(1);
    lines.forEachRemaining(received::add);

    StreamedChoices read = StreamedChoices.of(String.join("\n", received));
    assertThat(read.others).hasSize(1);
    assertThat(read.others.getFirst().at("/error/message").asString())
        .isEqualTo("the engine failed while generating");
    assertThat(read.byIndex.values()).hasSize(3);
    assertThat(read.byIndex.values()).allMatch(choice -> choice.finishReason.isEmpty());
    assertThat(fixture.engine.running()).isZero();
    awaitCounted("error", 3);
  }

  @Test
  void oneChoiceThatFailsMakesAWholeAnswerAnError() throws Exception {
    fixture.engine.hold();
    CompletableFuture<HttpResponse<String>> answer = post("\"n\":3");
    eventually(() -> fixture.engine.running() == 3);
    fixture.engine.make(2);
    fixture.engine.fail(1);

    assertThat(answer.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(500);
    assertThat(fixture.engine.running()).isZero();
    awaitCounted("error", 3);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anAbortEndsAllChoicesOfARequestWithTheirTokensAndCountsThem(boolean stream)
      throws Exception {
    fixture.engine.hold();
    CompletableFuture<HttpResponse<String>> answer =
        post("\"n\":3,\"request_id\":\"mine\",\"stream\":%b".formatted(stream));
    CompletableFuture<HttpResponse<String>> other = post("\"max_tokens\":2");
    eventually(() -> fixture.engine.running() == 4);
    fixture.engine.make(1);
    String aborted =
        fixture
            .post(fixture.server.adminUrl(), "/abort_requests", "{\"request_ids\":[\"mine\"]}")
            .body();

    assertThat(json(aborted).get("aborted").asInt()).isEqualTo(3);
    if (stream) {
      assertThat(StreamedChoices.of(body(answer)).byIndex.values())
          .hasSize(3)
          .allSatisfy(
              choice -> {
                assertThat(choice.text.toString()).isEqualTo("c");
                assertThat(choice.finishReason).isEqualTo("abort");
              });
    } else {
      assertThat(json(body(answer)).get("choices"))
          .hasSize(3)
          .allSatisfy(
              choice -> {
                assertThat(choice.get("text").asString()).isEqualTo("c");
                assertThat(choice.get("finish_reason").asString()).isEqualTo("abort");
              });
    }
    fixture.engine.release();
    assertThat(json(body(other)).at("/choices/0/text").asString()).isEqualTo("cd");
    awaitCounted("abort", 3);
  }
}

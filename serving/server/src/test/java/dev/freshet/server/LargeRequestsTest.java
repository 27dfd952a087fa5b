package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.completionRequest;
import static dev.freshet.server.ServerFixture.json;
import static dev.freshet.server.ServerFixture.limits;
import static dev.freshet.server.ServerFixture.send;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Call;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Requests as large as a body may be, alone and many at once. */
@Timeout(300)
class LargeRequestsTest {
  private static final int BODY = 15 << 20;

  @TempDir private Path dir;

  /** A body of about 15 MiB that repeats {@code unit} between {@code begin} and {@code end}. */
  private static String body(String begin, String unit, String end) {
    return begin + unit.repeat((BODY - begin.length() - end.length()) / unit.length()) + end;
  }

  private static CompletableFuture<HttpResponse<String>> post(
      HttpClient http, URI root, String body) {
    return http.sendAsync(
        HttpRequest.newBuilder(root.resolve("/v1/completions"))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void textFarAboveTheContextIsRefusedByItsLengthAndTheServerServesOn() throws Exception {
    try (ModelServer server = new ModelServer();
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      for (String unit : List.of("ab ", " ", "7", "\\n", "<|im_end|>")) {
        HttpResponse<String> answer =
            post(
                    http,
                    server.server.dataUrl(),
                    body("{\"prompt\":\"", unit, "\",\"max_tokens\":1}"))
                .get(60, TimeUnit.SECONDS);

        assertThat(answer.statusCode()).isEqualTo(400);
        JsonNode error = json(answer.body()).get("error");
        assertThat(error.get("code").asString()).isEqualTo("invalid_prompt");
        assertThat(error.get("message").asString())
            .contains("prompt: expected a text of at most ", "inference.max_model_len");
      }
      assertThat(
              post(http, server.server.dataUrl(), "{\"prompt\":\"ab\",\"max_tokens\":1}")
                  .get(60, TimeUnit.SECONDS)
                  .statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void manyLargeRequestsAtOnceAreEachRefusedWhileStreamsAndHealthAreServed() throws Exception {
    List<String> bodies =
        List.of(
            body("{\"prompt\":\"", "ab ", "\",\"max_tokens\":1}"),
            body("{\"prompt\":[5", ",5", "],\"max_tokens\":1}"),
            body("{\"prompt\":\"a\",\"stop_token_ids\":[5", ",5", "]}"),
            body("{\"prompt\":\"a\",\"metadata\":{\"a\":1", ",\"b\":1", "}}"),
            body("{\"prompt\":\"a\",\"metadata\":[[]", ",[]", "]}"),
            body("{\"prompt\":\"a\",\"stop\":[\"x\"", ",\"x\"", "]}"));
    try (ServerFixture fixture = new ServerFixture(dir)) {
      Call stream =
          fixture.start(CompletionRequest.text("a").maxTokens(ScriptedEngine.MAX_LEN - 10));
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (int round = 0; round < 2; round++) {
        for (String body : bodies) {
          answers.add(post(fixture.http, fixture.server.dataUrl(), body));
        }
      }
      while (!answers.stream().allMatch(CompletableFuture::isDone)) {
        int tokens = stream.tokens();
        assertThat(fixture.get(fixture.server.dataUrl(), "/health").statusCode()).isEqualTo(200);
        eventually(() -> stream.tokens() > tokens || stream.result().isDone());
      }

      for (CompletableFuture<HttpResponse<String>> answer : answers) {
        assertThat(answer.get().statusCode()).isIn(400, 503);
      }
      assertThat(answers).anyMatch(answer -> answer.join().statusCode() == 400);
      stream.cancel();
    }
  }

  @Test
  void aLargeBodyWaitsForItsParserAndNotOnTheEventLoop() throws Exception {
    CompletionLimits none = new CompletionLimits(1, 1 << 20, 1 << 20, 1 << 30);
    try (ServerFixture fixture =
        new ServerFixture(dir, limits().completions(none).build(), MonotonicClock.SYSTEM)) {
      String text = "a".repeat(70_000);
      HttpResponse<String> large =
          fixture.post(
              fixture.server.dataUrl(), "/v1/completions", "{\"prompt\":\"%s\"}".formatted(text));

      assertThat(large.statusCode()).isEqualTo(503);
      assertThat(json(large.body()).at("/error/message").asString()).startsWith("parse: ");
      assertThat(
              fixture
                  .post(fixture.server.dataUrl(), "/v1/completions", "{\"prompt\":\"a\"}")
                  .statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void aLongTextAndALongListOfIdsThatFitAreServed() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      String text = "ab".repeat(49_000);
      String ids = String.join(",", Stream.generate(() -> "5").limit(98_000).toList());
      for (String prompt : List.of('"' + text + '"', '[' + ids + ']')) {
        HttpResponse<String> answer =
            fixture.post(
                fixture.server.dataUrl(),
                "/v1/completions",
                "{\"prompt\":%s,\"max_tokens\":1}".formatted(prompt));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(json(answer.body()).at("/usage/prompt_tokens").asInt()).isEqualTo(98_000);
      }
    }
  }

  @Test
  void completionsThatWaitAreBoundedInBytesAndReleaseThemHoweverTheyEnd() throws Exception {
    CompletionLimits small = new CompletionLimits(1 << 20, 1 << 20, 1 << 20, 900_000);
    try (ServerFixture fixture =
        new ServerFixture(dir, limits().completions(small).build(), MonotonicClock.SYSTEM)) {
      fixture.engine.hold();
      String stop = "x".repeat(CompletionRequest.MAX_STOP_LENGTH);
      String waits = "{\"prompt\":\"a\",\"max_tokens\":3,\"stream\":%b,\"stop\":\"" + stop + "\"}";
      for (int round = 0; round < 3; round++) {
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
          Socket client = fixture.dataSocket();
          clients.add(client);
          send(client, completionRequest(waits.formatted(i % 2 == 0)));
        }
        eventually(() -> fixture.engine.running() == 9);
        HttpResponse<String> full =
            fixture.post(fixture.server.dataUrl(), "/v1/completions", waits.formatted(false));

        assertThat(full.statusCode()).isEqualTo(503);
        assertThat(json(full.body()).at("/error/code").asString()).isEqualTo("overloaded");
        assertThat(full.headers().firstValue("retry-after")).isPresent();
        assertThat(fixture.get(fixture.server.dataUrl(), "/health").statusCode()).isEqualTo(200);
        switch (round) {
          case 0 -> fixture.engine.make(3);
          case 1 -> fixture.post(fixture.server.adminUrl(), "/abort_requests", "{}");
          default -> {}
        }
        for (Socket client : clients) {
          client.close();
        }
        eventually(() -> fixture.engine.running() == 0);
      }
      fixture.engine.release();
      eventually(() -> isServed(fixture, waits.formatted(false)));
    }
  }

  private static boolean isServed(ServerFixture fixture, String body) {
    try {
      return fixture.post(fixture.server.dataUrl(), "/v1/completions", body).statusCode() == 200;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void hostileJsonIsAnswered400OnBothListeners() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      List<String> bodies =
          List.of(
              "{\"step\":" + "1".repeat(100_000) + "}",
              "{\"" + "n".repeat(60_000) + "\":1}",
              "{\"metadata\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}",
              "{\"mode\":NaN}",
              "{\"mode\":\"\\ud800\"}",
              "[".repeat(100_000));
      for (String body : bodies) {
        assertInvalid(fixture.post(fixture.server.dataUrl(), "/v1/completions", body));
        for (String path : List.of("/update_weights", "/reload_weights", "/abort_requests")) {
          assertInvalid(fixture.post(fixture.server.adminUrl(), path, body));
        }
      }
      assertInvalid(fixture.post(fixture.server.adminUrl(), "/pause?mode=" + "m".repeat(3000), ""));
      assertInvalid(
          fixture.post(fixture.server.adminUrl(), "/pause?clear_cache=" + "m".repeat(3000), ""));
      assertInvalid(
          fixture.post(
              fixture.server.adminUrl(),
              "/abort_requests",
              "{\"request_ids\":[\"%s\"]}".formatted("x".repeat(2 << 20))));
      assertThat(
              fixture
                  .post(fixture.server.adminUrl(), "/reload_weights", "{\"mode\":null}")
                  .statusCode())
          .isEqualTo(200);
    }
  }

  private static void assertInvalid(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(json(answer.body()).at("/error/code").asString()).isEqualTo("invalid_request");
    assertThat(answer.body()).hasSizeLessThan(500);
  }
}

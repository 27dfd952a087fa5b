package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.GenerationRequest;
import dev.freshet.server.session.SessionLimits;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.LogitRules;
import dev.freshet.wire.LogprobsMode;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Calls of sessions, from an engine that continues a prompt with the next letters. */
@Timeout(120)
class SessionsTest {
  private static final String CHAT = "/s/a/v1/chat/completions";
  private static final String AB = "{\"role\":\"user\",\"content\":\"ab\"}";

  private final AtomicLong nanos = new AtomicLong();
  private Path files;
  @AutoClose private ServerFixture fixture;

  @BeforeEach
  void open(@TempDir Path dir) throws Exception {
    files = dir.resolve("sessions");
    fixture =
        ServerFixture.withSessions(
            dir,
            files,
            ServerFixture.limits()
                .sessions(new SessionLimits(2, 3, 1 << 20, 1 << 20, Duration.ofSeconds(100)))
                .build(),
            () -> nanos.get() + System.nanoTime());
  }

  private static String body(int most, String messages, String... fields) {
    return "{\"messages\":[%s],\"max_tokens\":%d%s}"
        .formatted(messages, most, String.join("", List.of(fields)));
  }

  private static String message(String role, String content) {
    return ",{\"role\":\"%s\",\"content\":\"%s\"}".formatted(role, content);
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return fixture.post(fixture.server.dataUrl(), path, body);
  }

  private JsonNode answer(String path, String body) throws Exception {
    HttpResponse<String> response = post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private JsonNode capture(String name) throws Exception {
    HttpResponse<String> response = fixture.get(fixture.server.dataUrl(), "/s/" + name);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private HttpResponse<String> delete(String path) throws Exception {
    return fixture.http.send(
        HttpRequest.newBuilder(fixture.server.dataUrl().resolve(path)).DELETE().build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private String metrics() throws Exception {
    return fixture.get(fixture.server.adminUrl(), "/metrics").body();
  }

  private static String content(JsonNode answer) {
    return answer.get("choices").get(0).get("message").get("content").asString();
  }

  @Test
  void theTurnsOfASessionAreOneBranchWithTheTokensThatWereSampled() throws Exception {
    assertThat(content(answer(CHAT, body(2, AB)))).isEqualTo("cd");
    String second = AB + message("assistant", "cd") + message("user", "xy");
    assertThat(content(answer(CHAT, body(1, second)))).isEqualTo("z");

    JsonNode capture = capture("a");

    assertThat(capture.get("turns").asInt()).isEqualTo(2);
    JsonNode branch = capture.get("captured_branches").get(0);
    assertThat(branch.get("token_ids"))
        .isEqualTo(json("[%d,%d,%d,%d,%d,%d,%d]".formatted(ids("abcdxyz"))));
    assertThat(branch.get("mask").toString()).isEqualTo("[0,0,1,1,0,0,1]");
    assertThat(branch.get("logprobs").toString()).isEqualTo("[0.0,0.0,-0.25,-0.5,0.0,0.0,-0.25]");
    assertThat(branch.get("versions").toString()).isEqualTo("[-1,-1,0,0,-1,-1,0]");
    assertThat(branch.get("turns")).hasSize(2);
    assertThat(metrics())
        .contains("freshet_session_turns_total{prefix=\"extended\"} 1.0")
        .contains("freshet_sessions_open 1.0");
  }

  private Object[] ids(String text) {
    return text.chars().mapToObj(c -> (Object) fixture.id(Character.toString(c))).toArray();
  }

  @Test
  void aRepeatedCallIsAnsweredFromTheCaptureAlsoAsAStream() throws Exception {
    HttpResponse<String> first = post(CHAT, body(3, AB, ",\"logprobs\":true,\"top_logprobs\":2"));
    HttpResponse<String> again =
        post(CHAT, body(3, AB, ",\"top_logprobs\":2,\"logprobs\":true,\"request_id\":\"q\""));
    HttpResponse<String> stream =
        post(CHAT, body(3, AB, ",\"logprobs\":true,\"top_logprobs\":2,\"stream\":true"));

    assertThat(fixture.engine.requests).hasSize(1);
    assertThat(first.headers().firstValue(SessionScope.REPLAYED)).isEmpty();
    assertThat(again.headers().firstValue(SessionScope.REPLAYED)).hasValue("true");
    assertThat(stream.headers().firstValue(SessionScope.REPLAYED)).hasValue("true");
    assertThat(json(again.body()).get("choices")).isEqualTo(json(first.body()).get("choices"));
    assertThat(stream.body()).contains("\"content\":\"cde\"").endsWith("data: [DONE]\n\n");
    assertThat(capture("a").get("turns").asInt()).isEqualTo(1);
    assertThat(metrics())
        .contains("freshet_session_calls_total{source=\"replayed\"} 2.0")
        .contains("freshet_session_calls_total{source=\"sampled\"} 1.0");
  }

  @Test
  void anotherBodyIsAnotherCall() throws Exception {
    answer(CHAT, body(1, AB));
    answer(CHAT, body(1, AB, ",\"temperature\":0.5"));
    answer("/s/b/v1/chat/completions", body(1, AB));

    assertThat(fixture.engine.requests).hasSize(3);
    assertThat(capture("a").get("branches").asInt()).isEqualTo(2);
  }

  @Test
  void aRepeatedCallJoinsTheOneThatRuns() throws Exception {
    fixture.engine.hold();
    CompletableFuture<HttpResponse<String>> first = start(body(3, AB));
    awaitRunning();
    fixture.engine.make(1);
    CompletableFuture<HttpResponse<String>> second = start(body(3, AB, ",\"stream\":true"));
    awaitReplayed();
    fixture.engine.release();

    assertThat(content(json(first.get(60, TimeUnit.SECONDS).body()))).isEqualTo("cde");
    String events = second.get(60, TimeUnit.SECONDS).body();
    assertThat(events).endsWith("data: [DONE]\n\n");
    assertThat(
            events
                .lines()
                .filter(line -> line.startsWith("data: {"))
                .map(line -> json(line.substring(6)).get("choices").get(0).get("delta"))
                .map(delta -> delta.get("content").asString())
                .reduce("", String::concat))
        .isEqualTo("cde");
    assertThat(fixture.engine.requests).hasSize(1);
  }

  private CompletableFuture<HttpResponse<String>> start(String body) {
    return fixture.http.sendAsync(
        HttpRequest.newBuilder(fixture.server.dataUrl().resolve(CHAT))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private void awaitRunning() throws InterruptedException {
    eventually(() -> !fixture.engine.requests.isEmpty());
  }

  private void awaitReplayed() throws InterruptedException {
    eventually(
        () ->
            new String(fixture.metrics.registry().page("").body(), StandardCharsets.UTF_8)
                .contains("{source=\"replayed\"} 1.0"));
  }

  @Test
  void aCallWhoseClientIsGoneRunsToItsEndAndIsThereForTheNext() throws Exception {
    fixture.engine.hold();
    String body = body(3, AB);
    try (Socket socket = fixture.dataSocket()) {
      ServerFixture.send(
          socket,
          "POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%s"
              .formatted(CHAT, body.getBytes(StandardCharsets.UTF_8).length, body));
      awaitRunning();
    }
    eventually(() -> fixture.metrics.server().streams() == 0);
    fixture.engine.release();

    assertThat(content(answer(CHAT, body))).isEqualTo("cde");
    assertThat(fixture.engine.requests).hasSize(1);
  }

  @Test
  void aChangedHistoryBeginsABranchThatIsCounted() throws Exception {
    answer(CHAT, body(2, AB));
    answer(CHAT, body(1, AB + message("assistant", "xx") + message("user", "y")));

    JsonNode capture = capture("a");
    assertThat(capture.get("branches").asInt()).isEqualTo(2);
    assertThat(capture.get("broken_prefixes").asInt()).isEqualTo(1);
    assertThat(metrics()).contains("freshet_session_turns_total{prefix=\"broken\"} 1.0");
  }

  @Test
  void textsAndTokenIdsExtendTheTurnsOfASessionToo() throws Exception {
    answer("/s/a/v1/completions", "{\"prompt\":\"ab\",\"max_tokens\":2}");
    answer("/s/a/v1/completions", "{\"prompt\":\"abcdg\",\"max_tokens\":1}");
    answer(
        "/s/a/inference/v1/generate",
        "{\"token_ids\":[%d,%d,%d,%d,%d,%d,%d],\"sampling_params\":{\"max_tokens\":1}}"
            .formatted(ids("abcdghm")));

    JsonNode capture = capture("a");
    assertThat(capture.get("branches").asInt()).isEqualTo(1);
    assertThat(capture.get("captured_branches").get(0).get("mask").toString())
        .isEqualTo("[0,0,1,1,0,1,0,1]");
  }

  @Test
  void everyChoiceOfACallIsATurn() throws Exception {
    answer(CHAT, body(2, AB, ",\"n\":2"));

    assertThat(capture("a").get("branches").asInt()).isEqualTo(2);
  }

  @Test
  void aStopStringEndsTheCallAndItsTokensAreCaptured() throws Exception {
    assertThat(content(answer(CHAT, body(20, AB, ",\"stop\":\"e\"")))).isEqualTo("cd");

    JsonNode turn = capture("a").get("captured_branches").get(0).get("turns").get(0);
    assertThat(turn.get("finish_reason").asString()).isEqualTo("stop");
    assertThat(turn.get("completion_tokens").asInt()).isEqualTo(3);
    assertThat(fixture.engine.running()).isZero();
  }

  @Test
  void aRewardEndsTheSession() throws Exception {
    answer(CHAT, body(2, AB));

    JsonNode ended = answer("/s/a/reward", "{\"reward\":0.5}");

    assertThat(ended.toString())
        .isEqualTo(
            "{\"session\":\"a\",\"reward\":0.5,\"branches\":1,\"turns\":1,\"broken_prefixes\":0,\"prompt_tokens\":2,\"sampled_tokens\":2}");
    answer(CHAT, body(2, AB));
    assertThat(fixture.engine.requests).as("a session of its own").hasSize(2);
  }

  @Test
  void theCaptureOfARewardedSessionIsReadUntilItIsDeleted() throws Exception {
    answer(CHAT, body(2, AB));
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/a/reward").body()).contains("no_reward");

    JsonNode ended = answer("/s/a/reward", "{\"reward\":0.5}");

    assertThat(json(fixture.get(fixture.server.dataUrl(), "/s/a/reward").body())).isEqualTo(ended);
    assertThat(capture("a").get("reward").asDouble()).isEqualTo(0.5);
    assertThat(capture("a").get("captured_branches")).hasSize(1);
    assertThat(json(delete("/s/a").body())).isEqualTo(ended);
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/a").statusCode()).isEqualTo(404);
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/a/reward").statusCode()).isEqualTo(404);
  }

  @Test
  void aCallAfterTheRewardBeginsASessionInItsPlace() throws Exception {
    answer(CHAT, body(2, AB));
    answer("/s/a/reward", "{\"reward\":0.5}");
    answer(CHAT, body(3, AB));

    assertThat(capture("a").has("reward")).isFalse();
    assertThat(capture("a").get("turns").asInt()).isEqualTo(1);
  }

  @Test
  void ofMoreRewardedSessionsThanTheLimitTheOldestIsForgottenAndSoIsAnOldOne() throws Exception {
    for (String name : List.of("a", "b", "c")) {
      answer("/s/%s/v1/chat/completions".formatted(name), body(1, AB));
      answer("/s/%s/reward".formatted(name), "{\"reward\":1}");
    }
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/a").statusCode()).isEqualTo(404);
    assertThat(capture("b").get("reward").asDouble()).isEqualTo(1);

    nanos.addAndGet(TimeUnit.SECONDS.toNanos(101));

    assertThat(fixture.get(fixture.server.dataUrl(), "/s/c").statusCode()).isEqualTo(404);
  }

  @Test
  void aSessionThatIsBegunWithASamplingSamplesAllCallsThatWay() throws Exception {
    HttpResponse<String> begun =
        put("/s/a", "{\"temperature\":0.7,\"top_p\":0.9,\"max_tokens\":2,\"seed\":5}");
    assertThat(begun.statusCode()).as(begun.body()).isEqualTo(201);
    answer(CHAT, body(3, AB, ",\"temperature\":0.1,\"top_k\":3,\"logit_bias\":{\"5\":3}"));
    answer(CHAT, body(1, AB));
    HttpResponse<String> held =
        post(CHAT, body(1, AB, ",\"structured_outputs\":{\"choice\":[\"a\"]}"));
    assertThat(held.statusCode()).isEqualTo(400);
    assertThat(held.body()).contains("a sampling of its own");

    assertThat(fixture.engine.requests)
        .extracting(GenerationRequest::maxTokens)
        .containsExactly(2, 1);
    assertThat(fixture.engine.requests)
        .extracting(request -> request.seed().orElseThrow())
        .containsExactly(5L, 6L);
    assertThat(fixture.engine.requests)
        .allSatisfy(
            request -> {
              assertThat(request.temperature()).isEqualTo(0.7);
              assertThat(request.topP()).isEqualTo(0.9);
              assertThat(request.topK()).isZero();
              assertThat(request.rules()).isEqualTo(LogitRules.NONE);
              assertThat(request.logprobsMode()).isEqualTo(LogprobsMode.PROCESSED_LOGPROBS);
            });
  }

  @Test
  void aSessionThatIsOpenCannotBeBegunAndAMalformedSamplingIsRefused() throws Exception {
    answer(CHAT, body(1, AB));

    assertThat(put("/s/a", "{}").statusCode()).isEqualTo(409);
    for (String malformed : List.of("{\"top_p\":0}", "{\"n\":1}", "{\"max_tokens\":0}", "[]")) {
      assertThat(put("/s/b", malformed).statusCode()).as(malformed).isEqualTo(400);
    }
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/b").statusCode()).isEqualTo(404);
  }

  private HttpResponse<String> put(String path, String body) throws Exception {
    return fixture.http.send(
        HttpRequest.newBuilder(fixture.server.dataUrl().resolve(path))
            .PUT(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void theTurnsOfACaptureSayHowTheyWereSampled() throws Exception {
    answer(CHAT, body(1, AB, ",\"temperature\":0.5,\"logprobs_mode\":\"processed_logprobs\""));

    JsonNode sampling = capture("a").at("/captured_branches/0/turns/0/sampling");

    assertThat(sampling.get("temperature").asDouble()).isEqualTo(0.5);
    assertThat(sampling.get("logprobs_mode").asString()).isEqualTo("processed_logprobs");
  }

  @Test
  void finishingASessionByItsPathEndsIt() throws Exception {
    answer(CHAT, body(2, AB));

    assertThat(answer("/s/a/finish_session", "").get("sampled_tokens").asInt()).isEqualTo(2);
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/a").statusCode()).isEqualTo(404);
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/a/finish_session").statusCode())
        .isEqualTo(405);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"reward\":\"NaN\"}",
        "{\"reward\":NaN}",
        "{\"reward\":1e999}",
        "{}",
        "{\"x\":1}"
      })
  void aRewardThatIsNoFiniteNumberIsRefusedAndTheSessionStays(String body) throws Exception {
    answer(CHAT, body(2, AB));

    HttpResponse<String> refused = post("/s/a/reward", body);

    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    assertThat(capture("a").get("turns").asInt()).isEqualTo(1);
  }

  @Test
  void deletingASessionEndsItsRunningCallsWithTheTokensSoFar() throws Exception {
    fixture.engine.hold();
    CompletableFuture<HttpResponse<String>> running = start(body(3, AB));
    awaitRunning();
    fixture.engine.make(1);

    JsonNode ended = json(delete("/s/a").body());

    JsonNode choice = json(running.get(60, TimeUnit.SECONDS).body()).get("choices").get(0);
    assertThat(choice.get("finish_reason").asString()).isEqualTo("abort");
    assertThat(choice.get("message").get("content").asString()).isEqualTo("c");
    assertThat(ended.get("sampled_tokens").asInt()).isEqualTo(1);
    assertThat(fixture.engine.running()).isZero();
  }

  @Test
  void abortingARequestEndsItsCallAndAskingAgainSamplesIt() throws Exception {
    fixture.engine.hold();
    CompletableFuture<HttpResponse<String>> running = start(body(3, AB, ",\"request_id\":\"q\""));
    awaitRunning();
    HttpResponse<String> aborted =
        fixture.post(
            fixture.server.adminUrl(), "/abort_requests", "{\"request_ids\":[\"chatcmpl-q\"]}");
    fixture.engine.release();

    assertThat(json(aborted.body()).get("aborted").asInt()).isEqualTo(1);
    assertThat(running.get(60, TimeUnit.SECONDS).body()).contains("\"finish_reason\":\"abort\"");
    assertThat(content(answer(CHAT, body(3, AB)))).isEqualTo("cde");
  }

  @Test
  void anEngineThatFailsLeavesNoTurn() throws Exception {
    fixture.engine.hold();
    CompletableFuture<HttpResponse<String>> running = start(body(3, AB));
    awaitRunning();
    fixture.engine.fail();
    assertThat(running.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(500);
    fixture.engine.release();

    assertThat(content(answer(CHAT, body(3, AB)))).isEqualTo("cde");
    assertThat(capture("a").get("turns").asInt()).isEqualTo(1);
  }

  @Test
  void theBearerKeyMayNameTheSession() throws Exception {
    HttpResponse<String> response =
        fixture.post(
            fixture.server.dataUrl(),
            "/v1/chat/completions",
            body(2, AB),
            "authorization",
            "Bearer session:k1");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(capture("k1").get("turns").asInt()).isEqualTo(1);
  }

  @Test
  void aSessionHasTheRoutesOfModels() throws Exception {
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/a/v1/models").body())
        .isEqualTo(fixture.get(fixture.server.dataUrl(), "/v1/models").body());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /s/.x/v1/completions  | 400 | session '.x': expected 1 to 128 letters
          /s/a%20b/v1/completions | 400 | session 'a b': expected 1 to 128 letters
          /s//v1/completions    | 400 | session '': expected 1 to 128 letters
          /s/a/health           | 404 | no such route of session a: /health
          /s/a/pause            | 404 | no such route of session a: /pause
          /s/none/reward        | 404 | session none: no such session
          """)
  void anErrorNamesTheSessionAndTheRoute(String path, int status, String message) throws Exception {
    HttpResponse<String> response = post(path, "{\"reward\":1}");

    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(json(response.body()).get("error").get("message").asString()).contains(message);
  }

  @Test
  void aRequestThatIsRefusedBeginsNoSession() throws Exception {
    assertThat(post(CHAT, "{\"messages\":[]}").statusCode()).isEqualTo(400);

    assertThat(fixture.get(fixture.server.dataUrl(), "/s/a").statusCode()).isEqualTo(404);
  }

  @Test
  void theSessionThatWasUsedLeastRecentlyGivesItsPlaceToANewOne() throws Exception {
    answer("/s/a/v1/chat/completions", body(1, AB));
    answer("/s/b/v1/chat/completions", body(1, AB));
    answer("/s/a/v1/chat/completions", body(2, AB));
    answer("/s/c/v1/chat/completions", body(1, AB));

    assertThat(fixture.get(fixture.server.dataUrl(), "/s/b").statusCode()).isEqualTo(404);
    assertThat(capture("a").get("turns").asInt()).isEqualTo(2);
    assertThat(metrics()).contains("freshet_sessions_ended_total{reason=\"evicted\"} 1.0");
  }

  @Test
  void aSessionWithARunningCallKeepsItsPlace() throws Exception {
    fixture.engine.hold();
    CompletableFuture<HttpResponse<String>> running = start(body(3, AB));
    awaitRunning();
    CompletableFuture<HttpResponse<String>> other =
        fixture.http.sendAsync(
            HttpRequest.newBuilder(fixture.server.dataUrl().resolve("/s/b/v1/chat/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(body(3, AB)))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    eventually(() -> fixture.engine.requests.size() == 2);

    HttpResponse<String> refused = post("/s/c/v1/chat/completions", body(3, AB));

    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
    fixture.engine.release();
    assertThat(running.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    assertThat(other.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
  }

  @Test
  void aSessionThatHoldsMoreThanAllMayIsRefusedFurtherCalls(@TempDir Path other) throws Exception {
    fixture.close();
    fixture =
        ServerFixture.withSessions(
            other,
            files,
            ServerFixture.limits()
                .sessions(new SessionLimits(2, 3, 1 << 10, 1 << 20, Duration.ofSeconds(100)))
                .build(),
            MonotonicClock.SYSTEM);
    answer("/s/b/v1/chat/completions", body(1, AB));
    answer(CHAT, body(1, AB));

    HttpResponse<String> refused = post(CHAT, body(2, AB));
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
    assertThat(refused.body()).contains("session a: 1 sessions with ");
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/b").statusCode())
        .as("it ended first")
        .isEqualTo(404);
  }

  @Test
  void aSessionWithoutCallsEnds() throws Exception {
    answer(CHAT, body(1, AB));
    nanos.addAndGet(Duration.ofSeconds(101).toNanos());

    assertThat(fixture.get(fixture.server.dataUrl(), "/s/a").statusCode()).isEqualTo(404);
    assertThat(metrics()).contains("freshet_sessions_ended_total{reason=\"idle\"} 1.0");
  }

  @Test
  void aSessionHasABoundOfTurns() throws Exception {
    for (int most = 1; most <= 3; most++) {
      answer(CHAT, body(most, AB));
    }

    HttpResponse<String> refused = post(CHAT, body(4, AB));
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("session a: has 3 turns, the most that a session may have");
  }

  @Test
  void theCaptureFileHasALineForTheSessionEachTurnAndTheEnd() throws Exception {
    answer(CHAT, body(2, AB, ",\"temperature\":0.5,\"seed\":3,\"request_id\":\"q\""));
    answer(CHAT, body(1, AB + message("assistant", "cd") + message("user", "x")));
    answer("/s/a/reward", "{\"reward\":-1}");
    fixture.server.close();

    List<JsonNode> lines =
        Files.readAllLines(files.resolve("a.jsonl")).stream().map(ServerFixture::json).toList();

    assertThat(lines).hasSize(4);
    assertThat(lines.getFirst().get("session").asString()).isEqualTo("a");
    JsonNode first = lines.get(1);
    assertThat(first.get("request_id").asString()).isEqualTo("q");
    assertThat(first.get("prompt_token_ids")).isEqualTo(json("[%d,%d]".formatted(ids("ab"))));
    assertThat(first.get("token_ids")).isEqualTo(json("[%d,%d]".formatted(ids("cd"))));
    assertThat(first.get("logprobs").toString()).isEqualTo("[-0.25,-0.5]");
    assertThat(first.get("weight_versions").toString())
        .isEqualTo("[{\"version\":\"0\",\"start\":0,\"end\":2}]");
    assertThat(first.get("sampling").get("temperature").asDouble()).isEqualTo(0.5);
    assertThat(first.get("sampling").get("seed").asInt()).isEqualTo(3);
    JsonNode second = lines.get(2);
    assertThat(second.get("parent").asInt()).isEqualTo(1);
    assertThat(second.get("prompt_token_ids")).isEqualTo(json("[%d]".formatted(ids("x"))));
    JsonNode end = lines.getLast();
    assertThat(end.get("reason").asString()).isEqualTo("rewarded");
    assertThat(end.get("reward").asDouble()).isEqualTo(-1);
  }
}

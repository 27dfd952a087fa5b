package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.await;
import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.freshet.client.AdminClient;
import dev.freshet.client.Call;
import dev.freshet.client.Completion;
import dev.freshet.client.StreamException;
import dev.freshet.engine.GenerationRequest;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.CompletionRequestBuilder;
import dev.freshet.wire.UpdateMode;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@Timeout(120)
class CompletionsTest {
  @AutoClose private ServerFixture fixture;

  @BeforeEach
  void open(@TempDir Path dir) throws Exception {
    fixture = new ServerFixture(dir);
  }

  @Test
  void aStreamAndAWholeAnswerHaveTheSameContent() throws Exception {
    CompletionRequestBuilder request =
        CompletionRequest.text("v").maxTokens(9).logprobs(2).returnTokenIds(true).seed(1);

    Completion stream = await(fixture.start(request));
    JsonNode whole = whole(request.build());
    JsonNode choice = whole.get("choices").get(0);

    assertThat(stream.text()).isEqualTo("wxyz\"\n🦀äa").isEqualTo(choice.get("text").asString());
    assertThat(stream.tokenIds()).containsExactly(fixture.tokenizer.encode(stream.text()));
    assertThat(stream.logprobs()).hasSize(9).startsWith(-0.25f, -0.5f);
    assertThat(stream.policyVersions()).hasSize(9).containsOnly(0);
    assertThat(stream.finishReason()).isEqualTo("length");
    assertThat(stream.promptTokens()).isEqualTo(1);
    assertThat(choice.get("token_ids").toString())
        .isEqualTo(json(Arrays.toString(stream.tokenIds())).toString());
    assertThat(choice.get("prompt_token_ids").get(0).asInt()).isEqualTo(fixture.id("v"));
    assertThat(choice.get("weight_versions").toString())
        .isEqualTo("[{\"version\":\"0\",\"start\":0,\"end\":9}]");
    assertThat(choice.get("logprobs").get("tokens").toString())
        .isEqualTo("[\"w\",\"x\",\"y\",\"z\",\"\\\"\",\"\\n\",\"🦀\",\"ä\",\"a\"]");
    assertThat(choice.get("logprobs").get("text_offset").toString())
        .isEqualTo("[0,1,2,3,4,5,6,7,8]");
    assertThat(choice.get("logprobs").get("top_logprobs").get(0).toString())
        .isEqualTo("{\"w\":-0.25,\"a\":-1.0,\"b\":-2.0}");
    assertThat(choice.get("finish_reason").asString()).isEqualTo("length");
    assertThat(whole.get("usage").toString())
        .isEqualTo(
            "{\"prompt_tokens\":1,\"completion_tokens\":9,\"total_tokens\":10,\"prompt_tokens_details\":null,\"completion_tokens_details\":null}");
    assertThat(whole.get("object").asString()).isEqualTo("text_completion");
    assertThat(whole.get("model").asString()).isEqualTo(fixture.engine.modelName());
  }

  @Test
  void byDefaultAnAnswerHasVersionsButNeitherIdsNorLogprobs() throws Exception {
    JsonNode choice = whole(CompletionRequest.text("a").build()).get("choices").get(0);

    assertThat(choice.get("weight_versions")).hasSize(1);
    for (String absent : List.of("token_ids", "prompt_token_ids", "logprobs")) {
      assertThat(choice.get(absent).isNull()).as(absent).isTrue();
    }
    assertThat(choice.get("text").asString()).isEqualTo("bcdefghijklmnopq");
  }

  @Test
  void everyTokenCarriesItsVersionAcrossAnUpdate() throws Exception {
    fixture.engine.hold();
    Call call = fixture.start(CompletionRequest.text("a").maxTokens(6).returnTokenIds(true));
    eventually(() -> fixture.engine.running() == 1);
    fixture.engine.allow(2);
    eventually(() -> call.tokens() == 2);
    try (AdminClient admin = fixture.admin()) {
      admin.updateWeights(Path.of("step_7"), 7, UpdateMode.KEEP, TraceId.random());
      fixture.engine.allow(3);
      eventually(() -> call.tokens() == 5);
      admin.reloadWeights(TraceId.random());
    }
    fixture.engine.release();

    assertThat(await(call).policyVersions()).containsExactly(0, 0, 7, 7, 7, 0);
  }

  @Test
  void aStopStringIsCutFromTheTextAndEndsTheGeneration() throws Exception {
    Completion completion =
        await(
            fixture.start(
                CompletionRequest.text("a")
                    .maxTokens(1000)
                    .stop(List.of("fgz", "fgh", "zz"))
                    .returnTokenIds(true)));

    assertThat(completion.text()).isEqualTo("bcde");
    assertThat(completion.finishReason()).isEqualTo("stop");
    assertThat(fixture.tokenizer.decode(completion.tokenIds(), true)).isEqualTo("bcdefgh");
    eventually(() -> fixture.engine.running() == 0);
    JsonNode choice =
        whole(CompletionRequest.text("a").maxTokens(1000).stop(List.of("fgh")).build())
            .get("choices")
            .get(0);
    assertThat(choice.get("text").asString()).isEqualTo("bcde");
    assertThat(choice.get("stop_reason").asString()).isEqualTo("fgh");
  }

  @Test
  void aStopStringThatTheFirstMinTokensCompleteDoesNotCount() throws Exception {
    CompletionRequestBuilder request =
        CompletionRequest.text("a").maxTokens(9).returnTokenIds(true).stop(List.of("def"));

    Completion tooEarly = await(fixture.start(request.minTokens(5)));
    Completion inTime = await(fixture.start(request.minTokens(4)));

    assertThat(tooEarly.text()).isEqualTo("bcdefghij");
    assertThat(tooEarly.finishReason()).isEqualTo("length");
    assertThat(inTime.text()).isEqualTo("bc");
    assertThat(inTime.finishReason()).isEqualTo("stop");
  }

  @Test
  void aTokenIsSentAtOnceEvenIfItsTextIsHeldBack() throws Exception {
    fixture.engine.hold();
    Call call =
        fixture.start(
            CompletionRequest.text("a").maxTokens(3).stop(List.of("bx")).returnTokenIds(true));
    eventually(() -> fixture.engine.running() == 1);
    fixture.engine.allow(1);

    eventually(() -> call.tokens() == 1);
    fixture.engine.release();
    assertThat(await(call).text()).isEqualTo("bcd");
  }

  @Test
  void aStopTokenIsInTheIdsAndNotInTheText() throws Exception {
    int d = fixture.id("d");
    Completion completion =
        await(
            fixture.start(
                CompletionRequest.text("a").stopTokenIds(List.of(d)).returnTokenIds(true)));

    assertThat(completion.text()).isEqualTo("bc");
    assertThat(completion.tokenIds()).endsWith(d);
    assertThat(completion.finishReason()).isEqualTo("stop");
    assertThat(
            whole(CompletionRequest.text("a").stopTokenIds(List.of(d)).build())
                .get("choices")
                .get(0)
                .get("stop_reason")
                .asInt())
        .isEqualTo(d);
  }

  @Test
  void aRequestThatTheEngineRefusesIsAnsweredByTheKindOfRefusal() throws Exception {
    HttpResponse<String> invalid = post("{\"prompt\":[5],\"max_tokens\":100000}");
    HttpResponse<String> full = post("{\"prompt\":[5],\"max_tokens\":99998}");

    assertThat(invalid.statusCode()).isEqualTo(400);
    assertThat(invalid.body()).contains("longer than 100000");
    assertThat(full.statusCode()).isEqualTo(503);
    assertThat(full.headers().firstValue("retry-after")).isPresent();
    assertThat(json(full.body()).get("error").get("code").asString()).isEqualTo("overloaded");
  }

  @Test
  void anEngineFailureIsReportedInTheStreamOrByTheStatusOfAWholeAnswer() throws Exception {
    fixture.engine.hold();
    Call call = fixture.start(CompletionRequest.text("a").maxTokens(5));
    var whole =
        fixture.http.sendAsync(request("{\"prompt\":\"a\"}"), HttpResponse.BodyHandlers.ofString());
    eventually(() -> fixture.engine.running() == 2);
    fixture.engine.fail();

    assertThat(whole.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(500);
    try {
      throw new AssertionError("completed: " + await(call));
    } catch (ExecutionException e) {
      assertThat(e.getCause())
          .isInstanceOfSatisfying(
              StreamException.class,
              error -> assertThat(error.kind()).isEqualTo(StreamException.Kind.FAILED));
    }
  }

  @Test
  void anInvalidRequestIsAnsweredWithItsFault() throws Exception {
    assertError(post("{\"prompt\":\"a\",\"n\":129}"), 400, "n: expected 1 to 128, got 129");
    assertError(post("{\"prompt\":"), 400, "malformed JSON at line 1");
    assertError(post("{\"prompt\":\"\"}"), 400, "prompt: expected at least one token");
    assertError(post("{\"prompt\":\"A\"}"), 400, "character 'A' is not in the vocabulary");
    assertError(post("{\"prompt\":[3,34]}"), 400, "prompt: expected token ids below 34, got 34");
    assertError(
        post("{\"prompt\":\"a\",\"stop_token_ids\":[99]}"), 400, "stop_token_ids: expected");
    assertError(
        post("{\"prompt\":\"a\",\"logit_bias\":{\"33\":1,\"34\":1}}"),
        400,
        "logit_bias: expected token ids below 34, got 34");
    assertError(
        post("{\"prompt\":\"a\",\"max_tokens\":3,\"min_tokens\":4}"),
        400,
        "min_tokens: expected at most max_tokens (3), got 4");
    assertError(post("{\"prompt\":\"a\",\"model\":\"gpt\"}"), 404, "model: 'gpt' is not served");
    assertThat(fixture.engine.running()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // LangChain
        "{\"prompt\":[\"a\"],\"frequency_penalty\":0,\"presence_penalty\":0,\"n\":1,\"best_of\":1,\"logit_bias\":{},\"temperature\":0.7,\"top_p\":1,\"max_tokens\":2}",
        // lm-evaluation-harness
        "{\"prompt\":[[4]],\"temperature\":0,\"stop\":[\"zz\"],\"seed\":1234,\"max_tokens\":2}",
        // vllm-router and sglang-router
        "{\"prompt\":\"a\",\"max_tokens\":2,\"echo\":false,\"no_stop_trim\":false,\"ignore_eos\":false,\"skip_special_tokens\":true,\"return_hidden_states\":false,\"stream\":false}",
        // The sampling parameters of vLLM and SGLang
        "{\"prompt\":\"a\",\"max_tokens\":2,\"min_tokens\":1,\"min_p\":0.05,\"repetition_penalty\":1.05,\"presence_penalty\":0.5,\"frequency_penalty\":0.5,\"logit_bias\":{\"5\":-100}}",
        // A client that sends every field that it knows
        "{\"prompt\":\"a\",\"max_tokens\":2,\"seed\":-1,\"suffix\":null,\"logprobs\":null,\"prompt_logprobs\":null,\"stop\":null,\"stream_options\":null,\"user\":null,\"top_k\":-1,\"min_p\":0,\"repetition_penalty\":1.0,\"use_beam_search\":false,\"priority\":0,\"add_special_tokens\":true}",
      })
  void whatClientLibrariesAndRoutersSendIsAnswered(String body) throws Exception {
    HttpResponse<String> answer = post(body);

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(json(answer.body()).at("/choices/0/text").asString()).isEqualTo("bc");
  }

  @Test
  void priorityAndCacheSaltReachTheEngine() throws Exception {
    post("{\"prompt\":\"a\",\"max_tokens\":1,\"priority\":-5,\"cache_salt\":\"s\"}");
    post("{\"prompt\":\"a\",\"max_tokens\":1}");

    assertThat(fixture.engine.requests)
        .extracting(GenerationRequest::priority, GenerationRequest::cacheSalt)
        .containsExactly(tuple(-5L, Optional.of("s")), tuple(0L, Optional.empty()));
  }

  @Test
  void theCachedTokensOfThePromptAreInTheUsageIfTheConfigurationSaysSo(@TempDir Path dir)
      throws Exception {
    try (ServerFixture detailed = ServerFixture.withPromptDetails(dir)) {
      detailed.engine.cachedPrompt = 2;
      for (String stream : List.of("false", "true,\"stream_options\":{\"include_usage\":true}")) {
        assertThat(
                detailed
                    .post(
                        detailed.server.dataUrl(),
                        "/v1/completions",
                        "{\"prompt\":\"abc\",\"n\":2,\"max_tokens\":1,\"stream\":%s}"
                            .formatted(stream))
                    .body())
            .contains(
                "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5,"
                    + "\"prompt_tokens_details\":{\"cached_tokens\":2}");
      }
    }
    assertThat(post("{\"prompt\":\"abc\"}").body()).contains("\"prompt_tokens_details\":null");
  }

  @Test
  void modelsAndHealthAreServed() throws Exception {
    JsonNode model =
        json(fixture.get(fixture.server.dataUrl(), "/v1/models").body()).get("data").get(0);

    assertThat(model.get("id").asString()).isEqualTo(fixture.engine.modelName());
    assertThat(model.get("max_model_len").asInt()).isEqualTo(ScriptedEngine.MAX_LEN);
    assertThat(fixture.get(fixture.server.dataUrl(), "/health").body())
        .isEqualTo(
            "{\"status\":\"ok\",\"weight_version\":\"0\",\"running\":0,\"waiting\":0,\"paused\":false}");
    assertThat(fixture.get(fixture.server.adminUrl(), "/liveness").statusCode()).isEqualTo(200);
  }

  private static void assertError(HttpResponse<String> answer, int status, String message) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(json(answer.body()).get("error").get("message").asString()).contains(message);
  }

  private JsonNode whole(CompletionRequest request) throws Exception {
    HttpResponse<String> answer = post(new String(request.toJson(), StandardCharsets.UTF_8));
    assertThat(answer.statusCode()).isEqualTo(200);
    return json(answer.body());
  }

  private HttpRequest request(String body) {
    return HttpRequest.newBuilder(fixture.server.dataUrl().resolve("/v1/completions"))
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private HttpResponse<String> post(String body) throws Exception {
    return fixture.post(fixture.server.dataUrl(), "/v1/completions", body);
  }
}

package dev.freshet.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.client.StreamException.Kind;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.WireException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GenerationRouteTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final CompletionRequest REQUEST =
      CompletionRequest.tokens(504, 3575, 282)
          .maxTokens(3)
          .temperature(0.5)
          .seed(7)
          .stopTokenIds(List.of(2))
          .logprobs(0)
          .returnTokenIds(true)
          .cacheSalt("policy-4")
          .requestId("rollout-1")
          .build();

  private final StreamingClient client = new StreamingClient();

  @AfterEach
  void close() {
    client.close();
  }

  /** The events are those of vLLM 0.32, but for the versions. */
  @Test
  void vllmReportsTheVersionsOfAllTokensWithTheLast() throws Exception {
    String token =
        "{\"request_id\":\"generate-tokens-rollout-1\",\"usage\":null,\"output_mode\":\"tokens\",\"choices\":[{\"index\":0,\"finish_reason\":%s,\"stop_reason\":null,\"token_ids\":[%d],\"routed_experts\":null,\"sampling_mask\":null,\"weight_versions\":%s,\"logprobs\":{\"content\":[{\"token_id\":%d,\"logprob\":%s,\"rank\":1,\"top_logprobs\":[{\"token_id\":%d,\"logprob\":%s,\"rank\":1}]}]}}]}";
    try (ScriptedServer server =
        serving(
            token.formatted("null", 7042, "null", 7042, "-0.25", 7042, "-0.25"),
            token.formatted("null", 30, "null", 30, "-0.5", 30, "-0.5"),
            token.formatted(
                "\"length\"",
                198,
                "[{\"version\":\"default\",\"start\":0,\"end\":1},{\"version\":\"4@0000000000000007\",\"start\":1,\"end\":3}]",
                198,
                "-1.0",
                198,
                "-1.0"),
            "{\"request_id\":\"generate-tokens-rollout-1\",\"usage\":{\"prompt_tokens\":3,\"total_tokens\":6,\"completion_tokens\":3},\"output_mode\":\"tokens\",\"choices\":[]}")) {
      Completion completion = answer(server, GenerationRoute.VLLM_TOKENS);

      assertThat(completion.tokenIds()).containsExactly(7042, 30, 198);
      assertThat(completion.logprobs()).containsExactly(-0.25f, -0.5f, -1f);
      assertThat(completion.policyVersions()).containsExactly(0, 4, 4);
      assertThat(completion.synthesised()).isFalse();
      assertThat(completion.finishReason()).isEqualTo("length");
      assertThat(completion.promptTokens()).isEqualTo(3);
      assertThat(completion.id()).isEqualTo("generate-tokens-rollout-1");
      assertThat(server.requests().getFirst())
          .startsWith("POST /inference/v1/generate HTTP/1.1")
          .contains(
              "\"token_ids\":[504,3575,282]",
              "\"max_tokens\":3",
              "\"temperature\":0.5",
              "\"stop_token_ids\":[2]",
              "\"seed\":7",
              "\"logprobs\":0",
              "\"stream\":true",
              "\"cache_salt\":\"policy-4\"",
              "\"request_id\":\"rollout-1\"");
    }
  }

  @Test
  void sglangRepeatsAllTokensInEveryEvent() throws Exception {
    try (ScriptedServer server =
        serving(
            sglang("[11]", "[[-0.5,11,null]]", 1, "null", ""),
            sglang("[11,12]", "[[-0.5,11,null],[-1.0,12,null]]", 2, "null", ""),
            sglang(
                "[11,12,13]",
                "[[-0.5,11,null],[-1.0,12,null],[-2.0,13,null]]",
                3,
                "{\"type\":\"length\",\"length\":3}",
                ",\"weight_version\":\"4\",\"weight_versions\":[{\"version\":\"3\",\"start\":0,\"end\":2},{\"version\":\"4\",\"start\":2,\"end\":3}]"))) {
      Completion completion = answer(server, GenerationRoute.SGLANG);

      assertThat(completion.tokenIds()).containsExactly(11, 12, 13);
      assertThat(completion.logprobs()).containsExactly(-0.5f, -1f, -2f);
      assertThat(completion.policyVersions()).containsExactly(3, 3, 4);
      assertThat(completion.finishReason()).isEqualTo("length");
      assertThat(completion.text()).isEqualTo("of 3");
      assertThat(completion.promptTokens()).isEqualTo(3);
      assertThat(server.requests().getFirst())
          .startsWith("POST /generate HTTP/1.1")
          .contains(
              "\"input_ids\":[504,3575,282]",
              "\"max_new_tokens\":3",
              "\"top_k\":-1",
              "\"return_logprob\":true",
              "\"stream\":true",
              "\"extra_key\":\"policy-4\"",
              "\"rid\":\"rollout-1\"")
          .doesNotContain("seed");
    }
  }

  @Test
  void anIncrementalSglangSendsWhatIsNewAndAnOldOneNoTokenIdsAndNoSpans() throws Exception {
    try (ScriptedServer server =
        serving(
            sglang("[11]", "[[-0.5,11,null]]", 1, "null", ""),
            sglang("[12]", "[[-1.0,12,null]]", 2, "null", ""),
            sglang("null", "[[-2.0,13,null]]", 3, "{\"type\":\"stop\",\"matched\":2}", ""))) {
      Completion completion = answer(server, GenerationRoute.SGLANG);

      assertThat(completion.tokenIds()).containsExactly(11, 12, 13);
      assertThat(completion.logprobs()).containsExactly(-0.5f, -1f, -2f);
      assertThat(completion.policyVersions()).isEmpty();
      assertThat(completion.finishReason()).isEqualTo("stop");
      assertThat(completion.text()).isEqualTo("of 1of 2of 3");
    }
  }

  @Test
  void anSglangThatLosesTokensIsNotBelieved() throws Exception {
    try (ScriptedServer server =
        serving(
            sglang("[11]", "[[-0.5,11,null]]", 1, "null", ""),
            sglang("[13]", "[[-1.0,13,null]]", 3, "null", ""))) {
      assertThatThrownBy(() -> answer(server, GenerationRoute.SGLANG))
          .isInstanceOfSatisfying(
              StreamException.class, e -> assertThat(e.kind()).isEqualTo(Kind.MALFORMED))
          .hasMessage(
              "POST %s/generate: output_ids: expected all of completion_tokens 3, or those after the first 1, got 1",
              server.url());
    }
  }

  @Test
  void anSglangRequestThatIsAbortedBeforeItsFirstTokenHasNone() throws Exception {
    try (ScriptedServer server =
        serving(
            "{\"text\":\"\",\"meta_info\":{\"id\":\"r\",\"finish_reason\":{\"type\":\"abort\",\"message\":\"Abort before prefill\"}}}")) {
      Completion completion = answer(server, GenerationRoute.SGLANG);

      assertThat(completion.finishReason()).isEqualTo("abort");
      assertThat(completion.tokenIds()).isEmpty();
    }
  }

  @Test
  void anErrorBesideTheFieldsOfARouteEndsTheStream() throws Exception {
    try (ScriptedServer server =
        serving("{\"error\":{\"message\":\"out of memory\",\"code\":500}}")) {
      assertThatThrownBy(() -> answer(server, GenerationRoute.SGLANG))
          .hasMessage("POST %s/generate: out of memory", server.url());
    }
  }

  @Test
  void spansOfSglangsOpenAiRoutesAreReadFromBothPlaces() throws Exception {
    String choice =
        "{\"id\":\"c\",\"choices\":[{\"index\":0,\"text\":\"\",\"token_ids\":[5,6],\"logprobs\":{\"token_logprobs\":[-1,-1]},\"finish_reason\":\"stop\"%s}]%s}";
    String spans =
        "{\"weight_versions\":[{\"version\":\"3\",\"start\":0,\"end\":1},{\"version\":\"4\",\"start\":1,\"end\":2}]}";
    for (String event :
        List.of(
            choice.formatted("", ",\"metadata\":" + spans),
            choice.formatted("", ",\"sglext\":" + spans),
            choice.formatted(",\"sglext\":" + spans, ",\"metadata\":" + spans))) {
      try (ScriptedServer server = serving(event)) {
        assertThat(answer(server, GenerationRoute.COMPLETIONS).policyVersions())
            .containsExactly(3, 4);
      }
    }
  }

  @Test
  void aRouteOfTokenIdsRefusesText() {
    CompletionRequest text = CompletionRequest.text("a").build();
    for (GenerationRoute route : List.of(GenerationRoute.VLLM_TOKENS, GenerationRoute.SGLANG)) {
      assertThatThrownBy(() -> route.body(text))
          .isInstanceOf(WireException.class)
          .hasMessage("prompt: expected token ids, got text");
    }
  }

  private static String sglang(
      String ids, String logprobs, int tokens, String finishReason, String more) {
    return "{\"text\":\"of %d\",\"output_ids\":%s,\"meta_info\":{\"id\":\"r\",\"finish_reason\":%s,\"prompt_tokens\":3,\"cached_tokens\":0,\"completion_tokens\":%d,\"output_token_logprobs\":%s%s}}"
        .formatted(tokens, ids, finishReason, tokens, logprobs, more);
  }

  private static ScriptedServer serving(String... events) throws Exception {
    return new ScriptedServer(
        connection -> {
          connection.readRequest();
          connection.beginEvents();
          for (String event : events) {
            connection.event(event);
          }
          connection.endEventsWith("[DONE]");
        });
  }

  private Completion answer(ScriptedServer server, GenerationRoute route) throws Exception {
    try {
      return client.start(server.url(), route, REQUEST, LONG).result().get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof StreamException failure ? failure : e;
    }
  }
}

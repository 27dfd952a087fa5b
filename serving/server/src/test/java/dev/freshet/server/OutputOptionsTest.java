package dev.freshet.server;

import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.text.CharTokenizer;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What requests say about the form of their answers, from an engine that counts up letters. */
@Timeout(120)
class OutputOptionsTest {
  @AutoClose private ServerFixture fixture;

  @BeforeEach
  void open(@TempDir Path dir) throws Exception {
    fixture = new ServerFixture(dir);
  }

  private String post(String route, String body) throws Exception {
    HttpResponse<String> response = fixture.post(fixture.server.dataUrl(), route, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return response.body();
  }

  private JsonNode choice(String fields) throws Exception {
    return json(post("/v1/completions", "{\"prompt\":\"ab\"," + fields + "}"))
        .get("choices")
        .get(0);
  }

  private JsonNode answer(String route, String body) throws Exception {
    return json(post(route, body));
  }

  private String chat(String fields) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"ab\"}],\"max_tokens\":1%s}"
        .formatted(fields);
  }

  @Test
  void aStopStringIsPartOfTheTextIfAskedFor() throws Exception {
    String stop = "\"stop\":[\"ef\",\"zz\"],\"max_tokens\":9";

    assertThat(choice(stop).get("text").asString()).isEqualTo("cd");
    JsonNode choice = choice(stop + ",\"include_stop_str_in_output\":true");
    assertThat(choice.get("text").asString()).isEqualTo("cdef");
    assertThat(choice.get("stop_reason").asString()).isEqualTo("ef");
  }

  @Test
  void aStopTokenIsPartOfTheTextIfAskedFor() throws Exception {
    String stop = "\"stop_token_ids\":[%d],\"max_tokens\":9".formatted(fixture.id("e"));

    assertThat(choice(stop).get("text").asString()).isEqualTo("cd");
    assertThat(choice(stop + ",\"include_stop_str_in_output\":true").get("text").asString())
        .isEqualTo("cde");
  }

  @Test
  void specialTokensHaveTextIfAskedFor() throws Exception {
    fixture.engine.script = new int[] {fixture.id("a"), CharTokenizer.SEP, fixture.id("b")};

    assertThat(choice("\"max_tokens\":3").get("text").asString()).isEqualTo("ab");
    assertThat(choice("\"max_tokens\":3,\"skip_special_tokens\":false").get("text").asString())
        .isEqualTo("a<|sep|>b");
  }

  @Test
  void logprobsNameTokensByTheirIdsIfAskedFor() throws Exception {
    String asIds = ",\"return_tokens_as_token_ids\":true";
    String name = "token_id:" + fixture.id("c");

    JsonNode logprobs = choice("\"max_tokens\":1,\"logprobs\":0" + asIds).get("logprobs");
    assertThat(logprobs.get("tokens").get(0).asString()).isEqualTo(name);
    assertThat(logprobs.get("top_logprobs").get(0).propertyNames()).containsExactly(name);
    JsonNode content =
        answer("/v1/chat/completions", chat(",\"logprobs\":true" + asIds))
            .get("choices")
            .get(0)
            .get("logprobs")
            .get("content");
    assertThat(content.get(0).get("token").asString()).isEqualTo(name);
    assertThat(content.get(0).get("bytes")).hasSize(name.length());
  }

  @Test
  void everyEventHasTheUsageSoFarIfAskedFor() throws Exception {
    List<String> usages = new ArrayList<>();
    post(
            "/v1/completions",
            "{\"prompt\":\"ab\",\"max_tokens\":3,\"stream\":true,\"stream_options\":"
                + "{\"include_usage\":true,\"continuous_usage_stats\":true}}")
        .lines()
        .filter(line -> line.startsWith("data: {"))
        .forEach(line -> usages.add(json(line.substring(6)).get("usage").toString()));

    assertThat(usages)
        .allMatch(usage -> usage.startsWith("{\"prompt_tokens\":2,\"completion_tokens\":"));
    assertThat(usages.getLast())
        .isEqualTo("{\"prompt_tokens\":2,\"completion_tokens\":3,\"total_tokens\":5}");
    assertThat(usages.size()).isGreaterThan(1);
  }

  @Test
  void aWholeAnswerHasTheFieldsOfVllms() throws Exception {
    JsonNode text = answer("/v1/completions", "{\"prompt\":\"ab\",\"max_tokens\":1}");
    assertThat(text.propertyNames())
        .containsExactlyInAnyOrder(
            "id object created model choices service_tier system_fingerprint usage kv_transfer_params ec_transfer_params metrics"
                .split(" "));
    assertThat(text.get("choices").get(0).propertyNames())
        .containsExactlyInAnyOrder(
            "index text logprobs finish_reason stop_reason token_ids prompt_logprobs prompt_token_ids routed_experts weight_versions"
                .split(" "));
    assertThat(text.get("usage").toString())
        .isEqualTo(
            "{\"prompt_tokens\":2,\"completion_tokens\":1,\"total_tokens\":3,\"prompt_tokens_details\":null,\"completion_tokens_details\":null}");
    for (String ids : List.of("", ",\"return_token_ids\":true")) {
      JsonNode chat = answer("/v1/chat/completions", chat(ids));
      assertThat(chat.propertyNames())
          .containsExactlyInAnyOrder(
              "id object created model choices service_tier system_fingerprint usage prompt_logprobs prompt_token_ids prompt_text kv_transfer_params ec_transfer_params metrics"
                  .split(" "));
      assertThat(chat.get("choices").get(0).propertyNames())
          .containsExactlyInAnyOrder(
              "index message logprobs finish_reason stop_reason token_ids routed_experts weight_versions"
                  .split(" "));
    }
    JsonNode tokens =
        answer(
            "/inference/v1/generate", "{\"token_ids\":[4],\"sampling_params\":{\"max_tokens\":1}}");
    assertThat(tokens.propertyNames())
        .containsExactlyInAnyOrder(
            "request_id model created usage prompt_logprobs prompt_token_id_logprobs prompt_token_ids mm_placeholders metrics kv_transfer_params ec_transfer_params output_mode choices"
                .split(" "));
    assertThat(tokens.get("choices").get(0).propertyNames())
        .containsExactlyInAnyOrder(
            "index finish_reason stop_reason token_ids routed_experts sampling_mask weight_versions logprobs"
                .split(" "));
  }

  @Test
  void moreTokensThanTheContextHasAreRefusedInVllmsWords() throws Exception {
    for (String body :
        List.of(
            "/v1/completions {\"prompt\":\"a\",\"max_tokens\":100001}",
            "/v1/chat/completions {\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"max_tokens\":100001}",
            "/inference/v1/generate {\"token_ids\":[4],\"sampling_params\":{\"max_tokens\":100001}}")) {
      String route = body.substring(0, body.indexOf(' '));
      HttpResponse<String> response =
          fixture.post(fixture.server.dataUrl(), route, body.substring(route.length()));

      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(json(response.body()).get("error").get("message").asString())
          .endsWith(
              "max_tokens=100001 cannot be greater than max_model_len=100000. Please request fewer output tokens. (parameter=max_tokens, value=100001)");
    }
  }
}

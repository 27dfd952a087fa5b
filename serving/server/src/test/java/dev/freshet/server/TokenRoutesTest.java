package dev.freshet.server;

import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Routes that take or make token ids, from an engine that continues with the next letters. */
@Timeout(120)
class TokenRoutesTest {
  @AutoClose private ServerFixture fixture;

  @BeforeEach
  void open(@TempDir Path dir) throws Exception {
    fixture = new ServerFixture(dir);
  }

  private HttpResponse<String> post(String route, String body) throws Exception {
    return fixture.http.send(
        HttpRequest.newBuilder(fixture.server.dataUrl().resolve(route))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private int[] ids(String text) {
    return fixture.tokenizer.encode(text);
  }

  @Test
  void aTextBecomesItsTokensAndBack() throws Exception {
    JsonNode tokens =
        json(post("/tokenize", "{\"prompt\":\"abc\",\"return_token_strs\":true}").body());

    assertThat(tokens.get("count").asInt()).isEqualTo(3);
    assertThat(tokens.get("max_model_len").asInt()).isEqualTo(fixture.engine.maxModelLen());
    assertThat(tokens.get("token_strs").toString()).isEqualTo("[\"a\",\"b\",\"c\"]");
    assertThat(post("/detokenize", "{\"tokens\":" + tokens.get("tokens") + "}").body())
        .isEqualTo("{\"prompt\":\"abc\"}");
  }

  @Test
  void aChatBecomesTheTokensOfItsPrompt() throws Exception {
    JsonNode tokens =
        json(post("/tokenize", "{\"messages\":[{\"role\":\"user\",\"content\":\"ab\"}]}").body());

    assertThat(tokens.get("count").asInt()).isEqualTo(2);
    assertThat(tokens.get("token_strs").isNull()).isTrue();
  }

  @Test
  void generationTakesIdsAndAnswersWithIdsLogprobsAndVersions() throws Exception {
    int[] prompt = ids("ab");
    JsonNode answer =
        json(
            post(
                    "/inference/v1/generate",
                    "{\"token_ids\":[%d,%d],\"request_id\":\"r\",\"sampling_params\":{\"max_tokens\":2,\"logprobs\":1}}"
                        .formatted(prompt[0], prompt[1]))
                .body());

    assertThat(answer.get("request_id").asString()).isEqualTo("generate-tokens-r");
    assertThat(answer.get("output_mode").asString()).isEqualTo("tokens");
    assertThat(answer.get("prompt_token_ids")).hasSize(2);
    assertThat(answer.get("usage").get("completion_tokens").asInt()).isEqualTo(2);
    JsonNode choice = answer.get("choices").get(0);
    int[] continued = ids("cd");
    assertThat(choice.get("token_ids").toString())
        .isEqualTo("[%d,%d]".formatted(continued[0], continued[1]));
    assertThat(choice.get("weight_versions").toString())
        .isEqualTo("[{\"version\":\"0\",\"start\":0,\"end\":2}]");
    JsonNode first = choice.get("logprobs").get("content").get(0);
    assertThat(first.get("token").asString()).isEqualTo("token_id:" + continued[0]);
    assertThat(first.get("token_id").asInt()).isEqualTo(continued[0]);
    assertThat(first.get("logprob").asDouble()).isEqualTo(-0.25);
  }

  @Test
  void aStreamedGenerationHasThePromptInItsFirstEventAlone() throws Exception {
    int[] prompt = ids("a");
    String body =
        post(
                "/inference/v1/generate",
                "{\"token_ids\":[%d],\"stream\":true,\"sampling_params\":{\"max_tokens\":3}}"
                    .formatted(prompt[0]))
            .body();

    assertThat(body.split("prompt_token_ids", -1)).hasSize(2);
    assertThat(body).contains("\"finish_reason\":\"length\"").endsWith("data: [DONE]\n\n");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      textBlock =
          """
          /tokenize   | {} | expected either prompt or messages, got none
          /tokenize   | {"prompt":"a","messages":[{"role":"user","content":"a"}]} | got both
          /tokenize   | {"prompt":"a","model":"other"} | model: 'other' is not served
          /detokenize | {} | tokens: expected a list of token ids, got none
          /detokenize | {"tokens":[99999]} | tokens: expected token ids below
          /inference/v1/generate | {"sampling_params":{}} | token_ids: expected a list of token ids, got none
          /inference/v1/generate | {"token_ids":[1]} | sampling_params: expected an object, got none
          /inference/v1/generate | {"token_ids":[1],"sampling_params":{"best":1}} | unknown field 'best' in sampling_params
          /inference/v1/generate | {"token_ids":[1],"sampling_params":{},"output_mode":"text"} | output_mode: expected "tokens"
          /inference/v1/generate | {"token_ids":[99999],"sampling_params":{}} | expected token ids below
          """)
  void aMalformedRequestIsRefusedByName(String route, String body, String message)
      throws Exception {
    HttpResponse<String> response = post(route, body);

    assertThat(response.statusCode()).isBetween(400, 404);
    assertThat(json(response.body()).get("error").get("message").asString()).contains(message);
  }
}

package dev.freshet.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompletionRequestTest {
  @Test
  void aRequestIsWrittenAndReadBackUnchanged() {
    CompletionRequest request =
        CompletionRequest.text("ä \"quoted\" \n 🦀")
            .model("m")
            .maxTokens(7)
            .temperature(0.7)
            .topP(0.9)
            .topK(40)
            .seed(-3)
            .stop(List.of("\n\n", "END"))
            .stopTokenIds(List.of(2, 5))
            .ignoreEos(true)
            .stream(true)
            .includeUsage(true)
            .logprobs(3)
            .returnTokenIds(true)
            .build();

    assertThat(CompletionRequest.parse(request.toJson())).isEqualTo(request);
    assertThat(request.toBuilder().build()).isEqualTo(request);
  }

  @Test
  void tokenIdsAreWrittenAndReadBackUnchanged() {
    CompletionRequest request = CompletionRequest.tokens(1, 200_000, 3).build();

    assertThat(CompletionRequest.parse(request.toJson()).prompt())
        .isInstanceOfSatisfying(
            Prompt.Tokens.class, tokens -> assertThat(tokens.ids()).containsExactly(1, 200_000, 3));
  }

  @Test
  void absentAndNullFieldsHaveTheirDefaults() {
    CompletionRequest request =
        parse("{\"prompt\":\"a\",\"top_k\":-1,\"seed\":null,\"logprobs\":null,\"stop\":null}");

    assertThat(request).isEqualTo(CompletionRequest.text("a").build());
    assertThat(request.maxTokens()).isEqualTo(16);
    assertThat(request.temperature()).isEqualTo(1.0);
    assertThat(request.topK()).isZero();
  }

  @Test
  void aSingleStopStringIsAListOfOne() {
    assertThat(parse("{\"prompt\":\"a\",\"stop\":\"x\"}").stop()).containsExactly("x");
  }

  @Test
  void unsupportedFieldsWithTheirNeutralValuesAreSkipped() {
    assertThat(
            parse(
                """
                {"prompt":"a","n":1,"best_of":1,"echo":false,"presence_penalty":0,"min_p":0.0,
                 "repetition_penalty":1.0,"user":"u","cache_salt":"s","metadata":{"a":[1,{"b":2}]},
                 "stream_options":{"include_usage":true}}
                """))
        .isEqualTo(CompletionRequest.text("a").includeUsage(true).build());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '§',
      value = {
        "{}|prompt: expected a string or a list of token ids, got nothing",
        "{\"prompt\":[]}|prompt: expected at least one token id",
        "{\"prompt\":[1,-2]}|prompt/1: expected a token id of at least 0, got -2",
        "{\"prompt\":[1,2.5]}|prompt/1: expected an integer, got the number 2.5",
        "{\"prompt\":[[1,2],[3]]}|prompt/0: expected an integer, got a list",
        "{\"prompt\":[\"a\"]}|prompt/0: expected an integer, got a string",
        "{\"prompt\":7}|prompt: expected a string or a list of token ids, got the number 7",
        "{\"prompt\":\"a\",\"max_tokens\":0}|max_tokens: expected at least 1, got 0",
        "{\"prompt\":\"a\",\"max_tokens\":\"9\"}|max_tokens: expected an integer, got a string",
        "{\"prompt\":\"a\",\"max_tokens\":99999999999}|out of range",
        "{\"prompt\":\"a\",\"temperature\":-1}|temperature: expected ≥ 0, got -1.0",
        "{\"prompt\":\"a\",\"top_p\":0}|top_p: expected a number in (0, 1], got 0.0",
        "{\"prompt\":\"a\",\"top_k\":-2}|top_k: expected at least 0",
        "{\"prompt\":\"a\",\"n\":2}|n: expected 1 (other values are not supported), got the number 2",
        "{\"prompt\":\"a\",\"logprobs\":true}|logprobs: expected an integer, got true",
        "{\"prompt\":\"a\",\"logprobs\":21}|logprobs: expected 0 to 20, got 21",
        "{\"prompt\":\"a\",\"stop\":[\"\"]}|stop: expected strings that are not empty",
        "{\"prompt\":\"a\",\"stream\":1}|stream: expected true or false, got the number 1",
        "{\"prompt\":\"a\",\"temprature\":1}|unknown field 'temprature'",
        "{\"prompt\":\"a\",\"prompt\":\"b\"}|Duplicate",
        "{\"prompt\":\"a\"|malformed JSON at line 1",
        "{\"prompt\":\"a\"} x|malformed JSON at line 1",
        "[]|body: expected an object, got a list",
        "§§|body: expected an object, got nothing",
      })
  void anErrorNamesTheFieldAndWhatWasExpected(String json, String message) {
    assertThatThrownBy(() -> parse(json))
        .isInstanceOf(WireException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(e.toString().lines()).hasSize(1));
  }

  private static CompletionRequest parse(String json) {
    return CompletionRequest.parse(json.getBytes(StandardCharsets.UTF_8));
  }
}

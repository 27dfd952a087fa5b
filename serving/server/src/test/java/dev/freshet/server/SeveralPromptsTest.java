package dev.freshet.server;

import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.GenerationRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Completions of several prompts, and of prompts that are part of the answer, from an engine that
 * continues a prompt with the next letters.
 */
@Timeout(120)
class SeveralPromptsTest {
  @AutoClose private ServerFixture fixture;

  @BeforeEach
  void open(@TempDir Path dir) throws Exception {
    fixture = new ServerFixture(dir);
  }

  private HttpResponse<String> post(String body) throws Exception {
    return fixture.post(fixture.server.dataUrl(), "/v1/completions", body);
  }

  private JsonNode answer(String body) throws Exception {
    HttpResponse<String> response = post(body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private static List<String> texts(JsonNode answer) {
    List<String> texts = new ArrayList<>();
    for (JsonNode choice : answer.get("choices")) {
      assertThat(choice.get("index").asInt()).isEqualTo(texts.size());
      texts.add(choice.get("text").asString());
    }
    return texts;
  }

  @ParameterizedTest
  @ValueSource(strings = {"[\"ab\",\"k\",\"ab\"]", "[[4,5],[14],[4,5]]", "[\"ab\",[14],\"b\"]"})
  void everyPromptHasAChoice(String prompts) throws Exception {
    JsonNode answer = answer("{\"prompt\":%s,\"max_tokens\":2}".formatted(prompts));

    assertThat(texts(answer)).containsExactly("cd", "lm", "cd");
    assertThat(answer.get("usage").get("completion_tokens").asInt()).isEqualTo(6);
  }

  @Test
  void theUsageCountsEveryPromptOnce() throws Exception {
    JsonNode usage = answer("{\"prompt\":[\"ab\",\"k\"],\"n\":3,\"max_tokens\":2}").get("usage");

    assertThat(usage.get("prompt_tokens").asInt()).isEqualTo(3);
    assertThat(usage.get("completion_tokens").asInt()).isEqualTo(12);
    assertThat(usage.get("total_tokens").asInt()).isEqualTo(15);
  }

  @Test
  void theChoicesOfAPromptLieSideBySideAndHaveTheSeedsOfItsOwnRequest() throws Exception {
    JsonNode answer = answer("{\"prompt\":[\"a\",\"k\"],\"n\":2,\"seed\":7,\"max_tokens\":1}");

    assertThat(texts(answer)).containsExactly("b", "b", "l", "l");
    List<OptionalLong> seeds =
        fixture.engine.requests.stream().map(GenerationRequest::seed).toList();
    assertThat(seeds.subList(0, 2)).isEqualTo(seeds.subList(2, 4));
    assertThat(seeds.getFirst()).hasValue(7);
  }

  @Test
  void aStreamHasTheChoicesOfAllPrompts() throws Exception {
    String body =
        "{\"prompt\":[\"ab\",\"k\"],\"n\":2,\"max_tokens\":3,\"stream\":true,\"return_token_ids\":true,"
            + "\"stream_options\":{\"include_usage\":true}}";

    StreamedChoices choices = StreamedChoices.of(post(body).body());

    assertThat(choices.byIndex.keySet()).containsExactly(0, 1, 2, 3);
    assertThat(choices.choice(1).text.toString()).isEqualTo("cde");
    assertThat(choices.choice(2).text.toString()).isEqualTo("lmn");
    assertThat(choices.choice(1).promptIds).hasSize(2);
    assertThat(choices.choice(3).promptIds).containsExactly(fixture.id("k"));
    assertThat(choices.others.getFirst().get("usage").get("prompt_tokens").asInt()).isEqualTo(3);
  }

  @Test
  void anEchoIsTheTextOfThePromptBeforeThatOfTheCompletion() throws Exception {
    assertThat(texts(answer("{\"prompt\":\"ab\",\"max_tokens\":2,\"echo\":true}")))
        .containsExactly("abcd");
    assertThat(texts(answer("{\"prompt\":[[4,5],[14]],\"n\":2,\"max_tokens\":1,\"echo\":true}")))
        .containsExactly("abc", "abc", "kl", "kl");
    StreamedChoices streamed =
        StreamedChoices.of(
            post("{\"prompt\":[\"ab\",\"k\"],\"max_tokens\":2,\"echo\":true,\"stream\":true}")
                .body());
    assertThat(streamed.choice(0).text.toString()).isEqualTo("abcd");
    assertThat(streamed.choice(1).text.toString()).isEqualTo("klm");
  }

  @Test
  void theLogprobsOfAnEchoBeginWithThoseOfThePrompt() throws Exception {
    String body = "{\"prompt\":\"akd\",\"max_tokens\":1,\"echo\":true,\"logprobs\":1%s}";

    JsonNode choice = answer(body.formatted("")).get("choices").get(0);
    String logprobs =
        "{\"tokens\":[\"a\",\"k\",\"d\",\"e\"],\"token_logprobs\":[null,-0.125,-0.25,-0.25],"
            + "\"top_logprobs\":[null,{\"k\":-0.125,\"a\":-1.0},{\"d\":-0.25,\"a\":-1.0},{\"e\":-0.25,\"a\":-1.0}],"
            + "\"text_offset\":[0,1,2,3]}";
    assertThat(choice.get("logprobs").toString()).isEqualTo(logprobs);
    assertThat(choice.get("prompt_logprobs").toString())
        .isEqualTo(
            "[null,{\"14\":{\"logprob\":-0.125,\"rank\":3,\"decoded_token\":\"k\"},\"4\":{\"logprob\":-1.0,\"rank\":1,\"decoded_token\":\"a\"}},"
                + "{\"7\":{\"logprob\":-0.25,\"rank\":3,\"decoded_token\":\"d\"},\"4\":{\"logprob\":-1.0,\"rank\":1,\"decoded_token\":\"a\"}}]");
    assertThat(post(body.formatted(",\"stream\":true")).body()).contains(logprobs);
  }

  @Test
  void thePromptLogprobsOfEveryRouteAreInWholeAnswers() throws Exception {
    String asked = "\"prompt_logprobs\":0,\"max_tokens\":1";

    assertThat(
            answer("{\"prompt\":[\"ab\",\"c\"]," + asked + "}")
                .get("choices")
                .get(1)
                .get("prompt_logprobs")
                .toString())
        .isEqualTo("[null]");
    for (String request :
        List.of(
            "/v1/chat/completions {\"messages\":[{\"role\":\"user\",\"content\":\"ab\"}],"
                + asked
                + "}",
            "/inference/v1/generate {\"token_ids\":[4,5],\"sampling_params\":{" + asked + "}}")) {
      String route = request.substring(0, request.indexOf(' '));
      HttpResponse<String> response =
          fixture.post(fixture.server.dataUrl(), route, request.substring(route.length()));
      assertThat(json(response.body()).get("prompt_logprobs").toString())
          .isEqualTo("[null,{\"5\":{\"logprob\":-0.125,\"rank\":3,\"decoded_token\":\"b\"}}]");
    }
    assertThat(post("{\"prompt\":\"a\",\"stream\":true," + asked + "}").body())
        .contains("prompt_logprobs: expected null if stream is true");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      textBlock =
          """
          {"prompt":["a",""]}           | prompt: expected at least one token, got an empty text
          {"prompt":["a",[99]]}         | prompt: expected token ids below
          {"prompt":["a",[99]],"echo":true} | prompt: expected token ids below
          {"prompt":[[4],[]]}           | prompt: expected at least one token id
          {"prompt":["a","b"],"n":128,"suffix":"x"} | suffix: expected an empty string
          """)
  void aMalformedPromptIsRefusedAndNoneIsCompleted(String body, String message) throws Exception {
    HttpResponse<String> response = post(body);

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(json(response.body()).get("error").get("message").asString()).contains(message);
    assertThat(fixture.engine.requests).isEmpty();
  }

  @Test
  void tooManyChoicesOrPromptsAreRefused() throws Exception {
    String nine = "[%s]".formatted(String.join(",", Collections.nCopies(9, "\"a\"")));
    String many = "[%s]".formatted(String.join(",", Collections.nCopies(1025, "\"a\"")));

    assertThat(post("{\"prompt\":%s,\"n\":128}".formatted(nine)).body())
        .contains("n: expected at most 1024 choices of all 9 prompts, got 128");
    assertThat(post("{\"prompt\":%s}".formatted(many)).body())
        .contains("prompt: expected at most 1024 prompts, got more");
  }
}

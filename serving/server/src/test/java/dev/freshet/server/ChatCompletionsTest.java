package dev.freshet.server;

import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Chat completions, from an engine that continues a prompt with the next letters. */
@Timeout(120)
class ChatCompletionsTest {
  private static final String MESSAGES = "\"messages\":[{\"role\":\"user\",\"content\":\"ab\"}]";

  @AutoClose private ServerFixture fixture;

  @BeforeEach
  void open(@TempDir Path dir) throws Exception {
    fixture = new ServerFixture(dir);
  }

  private HttpResponse<String> post(String body) throws Exception {
    return fixture.http.send(
        HttpRequest.newBuilder(fixture.server.dataUrl().resolve("/v1/chat/completions"))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private JsonNode answer(String fields) throws Exception {
    HttpResponse<String> response = post("{" + MESSAGES + "," + fields + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private List<String> events(String fields) throws Exception {
    HttpResponse<String> response =
        post("{" + MESSAGES + ",\"stream\":true,\"request_id\":\"r\"," + fields + "}");
    return response
        .body()
        .lines()
        .filter(line -> !line.isEmpty())
        .map(line -> line.substring("data: ".length()))
        .toList();
  }

  @Test
  void aWholeAnswerHasAMessage() throws Exception {
    JsonNode answer = answer("\"max_tokens\":3,\"return_token_ids\":true");

    assertThat(answer.get("id").asString()).startsWith("chatcmpl-");
    assertThat(answer.get("object").asString()).isEqualTo("chat.completion");
    JsonNode choice = answer.get("choices").get(0);
    assertThat(choice.get("message").toString())
        .isEqualTo(
            "{\"role\":\"assistant\",\"content\":\"cde\",\"refusal\":null,\"annotations\":null,\"audio\":null,\"function_call\":null,\"reasoning\":null}");
    assertThat(choice.get("logprobs").isNull()).isTrue();
    assertThat(choice.get("finish_reason").asString()).isEqualTo("length");
    assertThat(choice.get("token_ids")).hasSize(3);
    assertThat(choice.has("prompt_token_ids")).isFalse();
    assertThat(answer.get("prompt_token_ids")).hasSize(2);
    assertThat(answer.get("usage").toString())
        .isEqualTo(
            "{\"prompt_tokens\":2,\"completion_tokens\":3,\"total_tokens\":5,\"prompt_tokens_details\":null,\"completion_tokens_details\":null}");
  }

  @Test
  void aStreamBeginsWithTheRoleAndEndsWithTheReasonAndTheUsage() throws Exception {
    List<String> events =
        events(
            "\"max_completion_tokens\":2,\"max_tokens\":9,\"stream_options\":{\"include_usage\":true},\"return_token_ids\":true");

    JsonNode opening = json(events.getFirst());
    assertThat(opening.get("id").asString()).isEqualTo("chatcmpl-r");
    assertThat(opening.get("object").asString()).isEqualTo("chat.completion.chunk");
    assertThat(opening.get("choices").toString())
        .isEqualTo(
            "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]");
    assertThat(opening.get("prompt_token_ids")).hasSize(2);
    List<JsonNode> deltas =
        events.subList(1, events.size() - 2).stream().map(ServerFixture::json).toList();
    StringBuilder text = new StringBuilder();
    for (JsonNode delta : deltas) {
      assertThat(delta.has("prompt_token_ids")).isFalse();
      JsonNode choice = delta.get("choices").get(0);
      text.append(choice.get("delta").get("content").asString());
      boolean last = delta.equals(deltas.getLast());
      assertThat(choice.get("finish_reason").toString()).isEqualTo(last ? "\"length\"" : "null");
    }
    assertThat(text.toString()).isEqualTo("cd");
    JsonNode usage = json(events.get(events.size() - 2));
    assertThat(usage.get("choices")).isEmpty();
    assertThat(usage.get("usage").get("completion_tokens").asInt()).isEqualTo(2);
    assertThat(events.getLast()).isEqualTo("[DONE]");
  }

  @Test
  void everyChoiceOfAStreamHasItsOwnRole() throws Exception {
    List<String> events = events("\"max_tokens\":1,\"n\":2");

    assertThat(
            events.stream()
                .filter(event -> event.contains("\"role\":\"assistant\""))
                .map(event -> json(event).get("choices").get(0).get("index").asInt()))
        .containsExactly(0, 1);
  }

  @Test
  void logprobsHaveTheTokenItsBytesAndItsAlternatives() throws Exception {
    JsonNode logprobs =
        answer("\"max_tokens\":2,\"logprobs\":true,\"top_logprobs\":2")
            .get("choices")
            .get(0)
            .get("logprobs")
            .get("content");

    assertThat(logprobs).hasSize(2);
    JsonNode token = logprobs.get(0);
    assertThat(token.get("token").asString()).isEqualTo("c");
    assertThat(token.get("logprob").asDouble()).isEqualTo(-0.25);
    assertThat(token.get("bytes").toString()).isEqualTo("[99]");
    for (JsonNode alternative : token.get("top_logprobs")) {
      assertThat(alternative.propertyNames()).containsExactly("token", "logprob", "bytes");
    }
  }

  @Test
  void withoutAMaximumTheAnswerMayFillTheContext() throws Exception {
    JsonNode answer = answer("\"stop\":\"z\"");

    assertThat(answer.get("choices").get(0).get("message").get("content").asString())
        .isEqualTo("cdefghijklmnopqrstuvwxy");
    assertThat(answer.get("choices").get(0).get("finish_reason").asString()).isEqualTo("stop");
  }

  @Test
  void aContentMayHaveParts() throws Exception {
    HttpResponse<String> response =
        post(
            "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}]}");

    assertThat(json(response.body()).get("usage").get("prompt_tokens").asInt())
        .as("a, a newline and b")
        .isEqualTo(3);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      textBlock =
          """
          {"max_tokens":1}                                          | messages: expected a list of messages, got none
          {"messages":[]}                                           | messages: expected at least one message
          {"messages":[{"content":"a"}]}                            | messages/0: expected a message with a role
          {"messages":[{"role":"user"}]}                            | messages/0: expected a message with content or tool_calls
          {"messages":[{"role":"user","content":[{"type":"image_url"}]}]} | images, audio and files are not supported
          {"messages":[{"role":"user","content":1}]}                | messages/0/content: expected a string or a list of parts
          {"messages":[{"role":"user","content":"a"}],"tool_choice":"required"} | tools: expected a tool that the model must call, got none
          {"messages":[{"role":"user","content":"a"}],"tool_choice":"any"} | tool_choice: expected "auto", "none", "required" or a function
          {"messages":[{"role":"user","content":"a"}],"top_logprobs":2} | top_logprobs: expected 0, or logprobs: true beside it
          {"messages":[{"role":"user","content":"a"}],"colour":1}   | unknown field 'colour'
          {"messages":[{"role":"user","content":"a"}],"response_format":{"type":"grammar"}} | response_format/type: expected text, json_object or json_schema
          {"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{"}}]}]} | expected arguments that are a JSON object
          """)
  void aMalformedChatIsRefusedByName(String body, String message) throws Exception {
    HttpResponse<String> response = post(body);

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(json(response.body()).get("error").get("message").asString()).contains(message);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      textBlock =
          """
          {"messages":[{"role":"user","content":1}]}                              | "messages"
          {"messages":[{"role":"user","content":"a"}],"temperature":-1}           | "temperature"
          {"messages":[{"role":"user","content":"a"}],"max_tokens":200000}        | "max_tokens"
          {"messages":[{"role":"user","content":"a"}],"response_format":{"type":"grammar"}} | "response_format"
          {"messages":[                                                           | null
          []                                                                      | null
          """)
  void anErrorHasTheFieldAsItsParam(String body, String param) throws Exception {
    JsonNode error = json(post(body).body()).get("error");

    assertThat(error.propertyNames()).containsExactly("message", "type", "param", "code");
    assertThat(error.get("param").toString()).isEqualTo(param);
  }
}

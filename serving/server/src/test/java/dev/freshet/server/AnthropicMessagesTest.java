package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.text.message.MessageFormat;
import dev.freshet.text.message.ReasoningSyntax;
import dev.freshet.text.message.ToolCallSyntax;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Anthropic's messages, from an engine that continues a prompt with the next letters. */
@Timeout(120)
class AnthropicMessagesTest {
  private static final String AB = "\"messages\":[{\"role\":\"user\",\"content\":\"ab\"}]";
  private static final String TOOLS =
      "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}]";

  @TempDir private Path dir;
  @AutoClose private ServerFixture fixture;

  @BeforeEach
  void open() throws Exception {
    fixture = new ServerFixture(dir);
  }

  private void reopen(MessageFormat format, String text) throws Exception {
    fixture.close();
    fixture = ServerFixture.writing(dir, format, text);
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return fixture.post(fixture.server.dataUrl(), path, body, "anthropic-version", "2023-06-01");
  }

  private JsonNode answer(String fields) throws Exception {
    HttpResponse<String> response = post("/v1/messages", "{" + AB + "," + fields + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private List<JsonNode> events(String fields) throws Exception {
    return NamedEvents.of(
        post("/v1/messages", "{" + AB + ",\"stream\":true," + fields + "}").body());
  }

  @Test
  void aWholeAnswerHasABlockOfText() throws Exception {
    JsonNode answer = answer("\"max_tokens\":3,\"system\":\"xy\"");

    assertThat(answer.get("id").asString()).startsWith("msg_");
    assertThat(answer.get("type").asString()).isEqualTo("message");
    assertThat(answer.get("content").toString())
        .isEqualTo("[{\"type\":\"text\",\"text\":\"cde\"}]");
    assertThat(answer.get("stop_reason").asString()).isEqualTo("max_tokens");
    assertThat(answer.get("stop_sequence").isNull()).isTrue();
    assertThat(answer.get("usage").toString())
        .isEqualTo("{\"input_tokens\":4,\"output_tokens\":3}");
  }

  @Test
  void aStopSequenceIsTold() throws Exception {
    JsonNode answer = answer("\"max_tokens\":9,\"stop_sequences\":[\"ef\"]");

    assertThat(answer.get("content").get(0).get("text").asString()).isEqualTo("cd");
    assertThat(answer.get("stop_reason").asString()).isEqualTo("stop_sequence");
    assertThat(answer.get("stop_sequence").asString()).isEqualTo("ef");
  }

  @Test
  void aStreamHasTheEventsOfABlock() throws Exception {
    List<JsonNode> events = events("\"max_tokens\":2");

    assertThat(NamedEvents.types(events))
        .startsWith("message_start", "content_block_start", "content_block_delta")
        .endsWith("content_block_stop", "message_delta", "message_stop");
    JsonNode start = events.getFirst().get("message");
    assertThat(start.get("content")).isEmpty();
    assertThat(start.get("usage").get("input_tokens").asInt()).isEqualTo(2);
    assertThat(
            events.stream()
                .filter(event -> event.has("delta") && event.get("delta").has("text"))
                .map(event -> event.get("delta").get("text").asString())
                .reduce("", String::concat))
        .isEqualTo("cd");
    JsonNode delta = events.get(events.size() - 2);
    assertThat(delta.get("delta").get("stop_reason").asString()).isEqualTo("max_tokens");
    assertThat(delta.get("usage").get("output_tokens").asInt()).isEqualTo(2);
  }

  @Test
  void reasoningAndToolCallsAreBlocksOfTheirOwn() throws Exception {
    reopen(
        new MessageFormat(ToolCallSyntax.HERMES, ReasoningSyntax.QWEN3),
        "<think>hm</think>ok<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}</tool_call>");

    JsonNode answer = answer("\"max_tokens\":200," + TOOLS);

    assertThat(answer.get("stop_reason").asString()).isEqualTo("tool_use");
    assertThat(answer.get("content").get(0).toString())
        .isEqualTo("{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"\"}");
    assertThat(answer.get("content").get(1).get("text").asString()).isEqualTo("ok");
    JsonNode use = answer.get("content").get(2);
    assertThat(use.get("type").asString()).isEqualTo("tool_use");
    assertThat(use.get("id").asString()).startsWith("toolu_");
    assertThat(use.get("input").toString()).isEqualTo("{\"a\":1}");

    List<JsonNode> events = events("\"max_tokens\":200," + TOOLS);
    assertThat(
            events.stream()
                .filter(event -> event.has("content_block"))
                .map(event -> event.get("content_block").get("type").asString()))
        .containsExactly("thinking", "text", "tool_use");
    assertThat(
            events.stream()
                .filter(event -> event.has("delta") && event.get("delta").has("partial_json"))
                .map(event -> event.get("delta").get("partial_json").asString())
                .reduce("", String::concat))
        .isEqualTo("{\"a\":1}");
    assertThat(events.get(events.size() - 2).get("delta").get("stop_reason").asString())
        .isEqualTo("tool_use");
  }

  @Test
  void blocksBecomeTheMessagesOfAChat() throws Exception {
    JsonNode counted =
        json(
            post(
                    "/v1/messages/count_tokens",
                    """
                    {"system":[{"type":"text","text":"s"}],"messages":[
                     {"role":"user","content":[{"type":"text","text":"ab"}]},
                     {"role":"assistant","content":[{"type":"text","text":"c"},{"type":"tool_use","id":"t","name":"f","input":{}}]},
                     {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"defg"}]},{"type":"text","text":"h"}]}]}
                    """)
                .body());

    assertThat(counted.toString()).isEqualTo("{\"input_tokens\":9}");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      textBlock =
          """
          {"messages":[{"role":"user","content":"a"}]}                                  | 400 | invalid_request_error | max_tokens: expected an integer of at least 1, got none
          {"max_tokens":1}                                                              | 400 | invalid_request_error | messages: expected a list of messages, got none
          {"max_tokens":1,"messages":[{"role":"system","content":"a"}]}                 | 400 | invalid_request_error | messages/0: expected a message with the role user or assistant
          {"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image"}]}]}    | 400 | invalid_request_error | images, documents and other blocks are not supported), not 'image'
          {"max_tokens":1,"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"any"}} | 400 | invalid_request_error | tools: expected a tool that the model must call, got none
          {"max_tokens":1,"messages":[{"role":"user","content":"a"}],"thinking":{"type":"enabled"}} | 400 | invalid_request_error | thinking/type: expected {"type": "disabled"}
          {"max_tokens":1,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"web_search_20250305","name":"w"}]} | 400 | invalid_request_error | tools of type custom
          {"max_tokens":1,"messages":[{"role":"user","content":"a"}],"container":"x"}   | 400 | invalid_request_error | unknown field 'container'
          {"max_tokens":1,"messages":[{"role":"user","content":"a"}],"model":"other"}   | 404 | not_found_error | model: 'other' is not served
          {                                                                             | 400 | invalid_request_error | malformed JSON
          """)
  void anErrorHasTheShapeOfTheApiAndNamesTheField(
      String body, int status, String type, String message) throws Exception {
    HttpResponse<String> response = post("/v1/messages", body);

    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = json(response.body());
    assertThat(error.get("type").asString()).isEqualTo("error");
    assertThat(error.get("error").get("type").asString()).isEqualTo(type);
    assertThat(error.get("error").get("message").asString()).contains(message);
  }

  @Test
  void anErrorBeforeTheBodyIsReadHasTheShapeOfTheApiToo() throws Exception {
    String refused =
        fixture.exchange(
            "POST /v1/messages HTTP/1.1\r\nhost: [::1]\r\ncontent-length: 2000000000\r\n\r\n");

    assertThat(refused)
        .startsWith("HTTP/1.1 413 ")
        .contains("{\"type\":\"error\",\"error\":{\"type\":\"request_too_large\",");
  }

  @Test
  void anErrorInAStreamIsItsLastEvent() throws Exception {
    fixture.engine.hold();
    CompletableFuture<HttpResponse<String>> stream =
        fixture.http.sendAsync(
            HttpRequest.newBuilder(fixture.server.dataUrl().resolve("/v1/messages"))
                .POST(
                    HttpRequest.BodyPublishers.ofString(
                        "{" + AB + ",\"stream\":true,\"max_tokens\":5}"))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    eventually(() -> !fixture.engine.requests.isEmpty());
    fixture.engine.make(1);
    fixture.engine.fail();

    JsonNode last = NamedEvents.of(stream.get(60, TimeUnit.SECONDS).body()).getLast();
    assertThat(last.get("type").asString()).isEqualTo("error");
    assertThat(last.get("error").get("type").asString()).isEqualTo("api_error");
  }

  @Test
  void theMessagesOfASessionAreItsTurns() throws Exception {
    assertThat(post("/s/a/v1/messages", "{" + AB + ",\"max_tokens\":2}").statusCode())
        .isEqualTo(200);
    assertThat(
            post(
                    "/s/a/v1/messages",
                    "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"ab\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"cd\"}]},{\"role\":\"user\",\"content\":\"x\"}]}")
                .statusCode())
        .isEqualTo(200);
    HttpResponse<String> again =
        post("/s/a/v1/messages", "{" + AB + ",\"max_tokens\":2,\"stream\":true}");

    assertThat(again.headers().firstValue(SessionScope.REPLAYED)).hasValue("true");
    JsonNode capture = json(fixture.get(fixture.server.dataUrl(), "/s/a").body());
    assertThat(capture.get("captured_branches").get(0).get("mask").toString())
        .isEqualTo("[0,0,1,1,0,1]");
  }

  @Test
  void theKeyOfAnthropicsClientsMayNameTheSession() throws Exception {
    HttpResponse<String> response =
        fixture.post(
            fixture.server.dataUrl(),
            "/v1/messages",
            "{" + AB + ",\"max_tokens\":2}",
            "x-api-key",
            "session:k");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(fixture.get(fixture.server.dataUrl(), "/s/k").statusCode()).isEqualTo(200);
  }
}

package dev.freshet.server;

import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.text.message.MessageFormat;
import dev.freshet.text.message.ReasoningSyntax;
import dev.freshet.text.message.ToolCallSyntax;
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

/** OpenAI's responses, from an engine that continues a prompt with the next letters. */
@Timeout(120)
class ResponsesTest {
  private static final String TOOLS =
      "\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\"},\"strict\":null}]";

  @TempDir private Path dir;
  @AutoClose private ServerFixture fixture;

  @BeforeEach
  void open() throws Exception {
    fixture = new ServerFixture(dir);
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return fixture.post(fixture.server.dataUrl(), path, body);
  }

  private JsonNode answer(String body) throws Exception {
    HttpResponse<String> response = post("/v1/responses", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  @Test
  void aWholeAnswerHasAMessage() throws Exception {
    JsonNode answer =
        answer(
            "{\"input\":\"ab\",\"instructions\":\"xy\",\"max_output_tokens\":3,\"store\":true,\"temperature\":0.5}");

    assertThat(answer.get("id").asString()).startsWith("resp_");
    assertThat(answer.get("object").asString()).isEqualTo("response");
    assertThat(answer.get("status").asString()).isEqualTo("incomplete");
    assertThat(answer.get("incomplete_details").get("reason").asString())
        .isEqualTo("max_output_tokens");
    assertThat(answer.get("instructions").asString()).isEqualTo("xy");
    assertThat(answer.get("temperature").asDouble()).isEqualTo(0.5);
    assertThat(answer.get("store").asBoolean()).isFalse();
    assertThat(answer.get("output")).hasSize(1);
    JsonNode message = answer.get("output").get(0);
    assertThat(message.get("type").asString()).isEqualTo("message");
    assertThat(message.get("status").asString()).isEqualTo("completed");
    assertThat(message.get("content").toString())
        .isEqualTo(
            "[{\"type\":\"output_text\",\"text\":\"cde\",\"annotations\":[],\"logprobs\":[]}]");
    assertThat(answer.get("usage").get("input_tokens").asInt()).isEqualTo(4);
    assertThat(answer.get("usage").get("total_tokens").asInt()).isEqualTo(7);
  }

  @Test
  void reasoningAndCallsAreItemsWholeAndStreamed() throws Exception {
    fixture.close();
    fixture =
        ServerFixture.writing(
            dir,
            new MessageFormat(ToolCallSyntax.HERMES, ReasoningSyntax.QWEN3),
            "<think>hm</think>ok<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}</tool_call>");
    String body = "{\"input\":\"ab\"," + TOOLS + ",\"max_output_tokens\":200";

    JsonNode whole = answer(body + "}");
    assertThat(whole.get("status").asString()).isEqualTo("completed");
    assertThat(whole.get("output").valueStream().map(item -> item.get("type").asString()))
        .containsExactly("reasoning", "message", "function_call");
    JsonNode call = whole.get("output").get(2);
    assertThat(call.get("name").asString()).isEqualTo("f");
    assertThat(call.get("arguments").asString()).isEqualTo("{\"a\":1}");
    assertThat(call.get("call_id").asString()).isNotEmpty();

    List<JsonNode> events =
        NamedEvents.of(
            post("/v1/responses", body + ",\"stream\":true,\"request_id\":\"r\"}").body());
    for (int i = 0; i < events.size(); i++) {
      assertThat(events.get(i).get("sequence_number").asInt()).isEqualTo(i);
    }
    assertThat(NamedEvents.types(events).stream().filter(type -> !type.endsWith(".delta")))
        .containsExactly(
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.reasoning_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed");
    JsonNode last = events.getLast().get("response");
    assertThat(last.get("output").valueStream().map(item -> item.get("id").asString()))
        .containsExactly("rs_r_0", "msg_r_1", "fc_r_2");
    assertThat(last.get("output").get(1).get("content").get(0).get("text").asString())
        .isEqualTo("ok");
    assertThat(last.get("usage").get("output_tokens").asInt()).isPositive();
  }

  @Test
  void itemsBecomeTheMessagesOfAChat() throws Exception {
    JsonNode answer =
        answer(
            """
            {"max_output_tokens":1,"input":[
             {"role":"user","content":[{"type":"input_text","text":"ab"}]},
             {"type":"reasoning","id":"r","summary":[],"content":[{"type":"reasoning_text","text":"zzz"}]},
             {"type":"message","role":"assistant","id":"m","status":"completed","content":[{"type":"output_text","text":"c","annotations":[]}]},
             {"type":"function_call","call_id":"k","name":"f","arguments":"{}"},
             {"type":"function_call_output","call_id":"k","output":"def"}]}
            """);

    assertThat(answer.get("usage").get("input_tokens").asInt()).isEqualTo(6);
    assertThat(answer.get("output").get(0).get("content").get(0).get("text").asString())
        .isEqualTo("g");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      textBlock =
          """
          {"max_output_tokens":1}                          | input: expected a string or a list of items, got none
          {"input":"a","previous_response_id":"r"}         | previous_response_id: expected null (responses are not stored: send the whole conversation)
          {"input":"a","tools":[{"type":"web_search"}]}    | tools that the server runs are not supported
          {"input":"a","tool_choice":"required"}           | tools: expected a tool that the model must call, got none
          {"input":"a","text":{"format":{"type":"grammar"}}} | text/format/type: expected text, json_object or json_schema
          {"input":"a","background":true}                  | background: expected false
          {"input":"a","truncation":"auto"}                | truncation: expected "disabled"
          {"input":[{"role":"user","content":[{"type":"input_image"}]}]} | images, audio and files are not supported
          {"input":[{"type":"item_reference","id":"x"}]}   | an item of type message, function_call, function_call_output or reasoning, not 'item_reference'
          {"input":"a","frobnicate":1}                     | unknown field 'frobnicate'
          """)
  void whatIsNotSupportedIsRefusedByName(String body, String message) throws Exception {
    HttpResponse<String> response = post("/v1/responses", body);

    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(json(response.body()).get("error").get("message").asString()).contains(message);
  }

  @Test
  void theResponsesOfASessionAreItsTurns() throws Exception {
    JsonNode first =
        json(post("/s/a/v1/responses", "{\"input\":\"ab\",\"max_output_tokens\":2}").body());
    String items = first.get("output").get(0).toString();
    post(
        "/s/a/v1/responses",
        "{\"input\":[{\"role\":\"user\",\"content\":\"ab\"},%s,{\"role\":\"user\",\"content\":\"x\"}],\"max_output_tokens\":1}"
            .formatted(items));

    JsonNode capture = json(fixture.get(fixture.server.dataUrl(), "/s/a").body());
    assertThat(capture.get("captured_branches").get(0).get("mask").toString())
        .isEqualTo("[0,0,1,1,0,1]");
  }
}

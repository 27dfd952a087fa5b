package dev.freshet.server;

import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.text.CharTokenizer;
import dev.freshet.text.message.MessageFormat;
import dev.freshet.text.message.ReasoningSyntax;
import dev.freshet.text.message.ToolCallSyntax;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Chats with a model that writes what a test tells, one character a token. */
@Timeout(120)
class ToolCallsTest {
  private static final String WEATHER =
      "{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln 🦀\", \"in\": {\"unit\": \"}\"}}}";
  private static final String WEATHER_ARGUMENTS =
      "{\"city\": \"Köln 🦀\", \"in\": {\"unit\": \"}\"}}";
  private static final String TWO_CALLS =
      "Let me see.\n<tool_call>\n"
          + WEATHER
          + "\n</tool_call>\n<tool_call>\n{\"name\": \"clock\", \"arguments\": {}}\n</tool_call>";
  private static final String TOOLS =
      ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"clock\"}}]";
  private static final MessageFormat HERMES =
      new MessageFormat(ToolCallSyntax.HERMES, ReasoningSyntax.NONE);
  private static final MessageFormat QWEN =
      new MessageFormat(ToolCallSyntax.HERMES, ReasoningSyntax.QWEN3);

  @TempDir Path dir;
  private final List<ServerFixture> opened = new ArrayList<>();

  private void open(MessageFormat format, String text) throws IOException {
    opened.add(ServerFixture.writing(dir, format, text));
  }

  @AfterEach
  void close() {
    opened.forEach(ServerFixture::close);
  }

  private String post(String fields) throws Exception {
    ServerFixture fixture = opened.getFirst();
    return fixture
        .post(
            fixture.server.dataUrl(),
            "/v1/chat/completions",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]%s}".formatted(fields))
        .body();
  }

  private JsonNode choice(String fields) throws Exception {
    return json(post(fields)).get("choices").get(0);
  }

  private StreamedMessages.Message streamed(String fields) throws Exception {
    return StreamedMessages.of(post(",\"stream\":true" + fields)).message(0);
  }

  @Test
  void aWholeAnswerHasTheCallsAndTheTextBeforeThem() throws Exception {
    open(HERMES, TWO_CALLS);

    JsonNode choice = choice(TOOLS);

    JsonNode message = choice.get("message");
    assertThat(message.get("content").asString()).isEqualTo("Let me see.\n");
    assertThat(message.get("tool_calls")).hasSize(2);
    JsonNode weather = message.get("tool_calls").get(0);
    assertThat(weather.propertyNames()).containsExactly("id", "type", "function");
    assertThat(weather.get("id").asString()).matches("chatcmpl-tool-[0-9a-f]{16}");
    assertThat(weather.get("type").asString()).isEqualTo("function");
    assertThat(weather.get("function").get("name").asString()).isEqualTo("weather");
    assertThat(weather.get("function").get("arguments").asString()).isEqualTo(WEATHER_ARGUMENTS);
    assertThat(message.get("tool_calls").get(1).get("id")).isNotEqualTo(weather.get("id"));
    assertThat(choice.get("finish_reason").asString()).isEqualTo("tool_calls");
  }

  @Test
  void aStreamHasTheSameCallsAndNoPartOfATagAsContent() throws Exception {
    open(HERMES, TWO_CALLS);

    StreamedMessages.Message message = streamed(TOOLS);

    assertThat(message.role).isEqualTo("assistant");
    assertThat(message.content()).isEqualTo("Let me see.\n");
    assertThat(message.calls).hasSize(2);
    assertThat(message.calls.getFirst().name).isEqualTo("weather");
    assertThat(message.calls.getFirst().id).startsWith("chatcmpl-tool-");
    assertThat(message.calls.getFirst().arguments.toString()).isEqualTo(WEATHER_ARGUMENTS);
    assertThat(message.calls.getLast().name).isEqualTo("clock");
    assertThat(message.calls.getLast().arguments.toString()).isEqualTo("{}");
    assertThat(message.finishReason).isEqualTo("tool_calls");
  }

  @Test
  void anAnswerOfCallsAloneHasNoContent() throws Exception {
    open(HERMES, "<tool_call>" + WEATHER + "</tool_call>");

    assertThat(choice(TOOLS).get("message").get("content").isNull()).isTrue();
    StreamedMessages.Message message = streamed(TOOLS);
    assertThat(message.contents).as("that of the opening event").containsExactly("");
  }

  @Test
  void everyTokenIsToldWithItsLogprobAndVersion() throws Exception {
    open(HERMES, TWO_CALLS);
    int tokens = TWO_CALLS.codePointCount(0, TWO_CALLS.length()) + 1;
    String all = ",\"return_token_ids\":true,\"logprobs\":true";

    JsonNode whole = choice(TOOLS + all);
    StreamedMessages.Message message = streamed(TOOLS + all);

    assertThat(whole.get("token_ids")).hasSize(tokens);
    assertThat(whole.get("logprobs").get("content")).hasSize(tokens);
    assertThat(message.ids).hasSize(tokens);
    assertThat(message.logprobs).isEqualTo(tokens);
    assertThat(streamed(TOOLS).versionEnd).as("without token ids").isEqualTo(tokens);
  }

  @Test
  void aCallThatIsCutIsContentOfAWholeAnswerAndTheBeginningOfACallInAStream() throws Exception {
    String text = "<tool_call>" + WEATHER;
    open(HERMES, text);
    int most = text.indexOf("city");
    String cut = TOOLS + ",\"max_tokens\":" + most;

    JsonNode choice = choice(cut);
    assertThat(choice.get("message").get("content").asString()).isEqualTo(text.substring(0, most));
    assertThat(choice.get("message").has("tool_calls")).isFalse();
    assertThat(choice.get("finish_reason").asString()).isEqualTo("length");
    StreamedMessages.Message message = streamed(cut);
    assertThat(message.calls.getFirst().name).isEqualTo("weather");
    assertThat(message.calls.getFirst().arguments.toString()).isEqualTo("{\"");
    assertThat(message.finishReason).isEqualTo("length");
  }

  @Test
  void whatIsNoCallIsContent() throws Exception {
    String text = "<tool_call>weather(\"a\")</tool_call>";
    open(HERMES, text);

    assertThat(choice(TOOLS).get("message").get("content").asString()).isEqualTo(text);
    assertThat(choice(TOOLS).get("finish_reason").asString()).isEqualTo("stop");
    assertThat(streamed(TOOLS).content()).isEqualTo(text);
    assertThat(streamed(TOOLS).finishReason).isEqualTo("stop");
  }

  @Test
  void withoutToolsCallsAreContent() throws Exception {
    open(HERMES, TWO_CALLS);

    for (String none : new String[] {"", TOOLS + ",\"tool_choice\":\"none\""}) {
      assertThat(choice(none).get("message").get("content").asString()).isEqualTo(TWO_CALLS);
      assertThat(choice(none).get("finish_reason").asString()).isEqualTo("stop");
      assertThat(streamed(none).content()).isEqualTo(TWO_CALLS);
    }
  }

  @Test
  void aRequestForOneCallGetsTheFirst() throws Exception {
    open(HERMES, TWO_CALLS);
    String one = TOOLS + ",\"parallel_tool_calls\":false";

    assertThat(choice(one).get("message").get("tool_calls")).hasSize(1);
    assertThat(streamed(one).calls).hasSize(1);
    assertThat(streamed(one).calls.getFirst().arguments.toString()).isEqualTo(WEATHER_ARGUMENTS);
  }

  @Test
  void everyChoiceHasItsOwnCalls() throws Exception {
    open(HERMES, TWO_CALLS);

    StreamedMessages messages = StreamedMessages.of(post(TOOLS + ",\"n\":2,\"stream\":true"));

    assertThat(messages.message(0).calls).hasSize(2);
    assertThat(messages.message(1).calls).hasSize(2);
    assertThat(messages.message(1).calls.getFirst().id)
        .isNotEqualTo(messages.message(0).calls.getFirst().id);
  }

  @Test
  void aStopStringWithinACallCutsIt() throws Exception {
    open(HERMES, "<tool_call>" + WEATHER + "</tool_call>");

    StreamedMessages.Message message = streamed(TOOLS + ",\"stop\":\"ln\"");

    assertThat(message.calls.getFirst().arguments.toString()).isEqualTo("{\"city\": \"Kö");
    assertThat(message.finishReason).isEqualTo("tool_calls");
  }

  @Test
  void callsInTheSyntaxOfLlamaAreRead() throws Exception {
    open(
        new MessageFormat(ToolCallSyntax.LLAMA3_JSON, ReasoningSyntax.NONE),
        "{\"name\": \"clock\", \"parameters\": {\"a\": 1}}");

    JsonNode call = choice(TOOLS).get("message").get("tool_calls").get(0).get("function");
    assertThat(call.toString()).isEqualTo("{\"name\":\"clock\",\"arguments\":\"{\\\"a\\\": 1}\"}");
    assertThat(streamed(TOOLS).calls.getFirst().arguments.toString()).isEqualTo("{\"a\": 1}");
  }

  @Test
  void reasoningIsApartFromContentAndCalls() throws Exception {
    open(QWEN, "<think>\nHm.\n</think>\n\nNow: <tool_call>" + WEATHER + "</tool_call>");

    JsonNode message = choice(TOOLS).get("message");
    assertThat(message.get("reasoning").asString()).isEqualTo("\nHm.\n");
    assertThat(message.get("content").asString()).isEqualTo("\n\nNow: ");
    assertThat(message.get("tool_calls")).hasSize(1);
    StreamedMessages.Message streamed = streamed(TOOLS);
    assertThat(streamed.reasoning.toString()).isEqualTo("\nHm.\n");
    assertThat(streamed.content()).isEqualTo("\n\nNow: ");
    assertThat(streamed.calls).hasSize(1);
  }

  @Test
  void withoutReasoningNothingTellsIt() throws Exception {
    open(QWEN, "Hm.</think>Yes.");
    String hidden =
        ",\"include_reasoning\":false,\"return_token_ids\":true,\"logprobs\":true,\"top_logprobs\":1";

    JsonNode choice = choice(hidden);
    assertThat(choice.get("message").get("reasoning").isNull()).isTrue();
    assertThat(choice.get("message").get("content").asString()).isEqualTo("Yes.");
    assertThat(choice.get("logprobs").isNull()).isTrue();
    assertThat(choice.get("token_ids").isNull()).isTrue();
    StreamedMessages.Message message = streamed(hidden);
    assertThat(message.reasoning.toString()).isEmpty();
    assertThat(message.content()).isEqualTo("Yes.");
    assertThat(message.ids).isEmpty();
    assertThat(message.logprobs).isZero();
  }

  @Test
  void aTagThatIsASpecialTokenBeginsACall() throws Exception {
    String text = "<tool_call>" + WEATHER + "</tool_call>";
    opened.add(ServerFixture.writing(dir, HERMES, text, "<tool_call>"));

    assertThat(opened.getFirst().engine.script[0]).isEqualTo(CharTokenizer.SEP);
    assertThat(choice(TOOLS).get("message").get("tool_calls")).hasSize(1);
    assertThat(streamed(TOOLS).calls).hasSize(1);
    assertThat(choice("").get("message").get("content").asString())
        .as("without tools")
        .isEqualTo(WEATHER + "</tool_call>");
  }
}

package dev.freshet.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.text.message.MessageFormat;
import dev.freshet.text.message.ReasoningSyntax;
import dev.freshet.text.message.ToolCallSyntax;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** A small model of random weights that must call tools. */
@Timeout(240)
class ForcedCallsTest {
  private static final String TOOLS =
      ",'tools':[{'type':'function','function':{'name':'weather','parameters':{'type':'object','properties':{'city':{'enum':['Köln','Rom']}},'required':['city']}}},"
          + "{'type':'function','function':{'name':'clock','parameters':{'type':'object','properties':{}}}}]";

  private static ModelServer hermes;
  private static ModelServer llama;

  @BeforeAll
  static void open() {
    hermes = new ModelServer(new MessageFormat(ToolCallSyntax.HERMES, ReasoningSyntax.NONE));
    llama = new ModelServer(new MessageFormat(ToolCallSyntax.LLAMA3_JSON, ReasoningSyntax.NONE));
  }

  @AfterAll
  static void close() {
    hermes.close();
    llama.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"HERMES", "LLAMA3_JSON"})
  void aModelThatMustCallAToolDoes(ToolCallSyntax syntax) throws Exception {
    ModelServer server = syntax == ToolCallSyntax.HERMES ? hermes : llama;
    for (int seed = 0; seed < 4; seed++) {
      JsonNode choice =
          Asked.choice(
              server,
              ",'seed':%d,'parallel_tool_calls':false,'tool_choice':'required'".formatted(seed)
                  + TOOLS);
      assertThat(choice.get("finish_reason").asString()).isEqualTo("tool_calls");
      assertThat(choice.get("message").get("content").asString()).isEmpty();
      JsonNode call = choice.get("message").get("tool_calls").get(0).get("function");
      JsonNode arguments = Asked.JSON.readTree(call.get("arguments").asString());
      if (call.get("name").asString().equals("weather")) {
        assertThat(arguments.get("city").asString()).isIn("Köln", "Rom");
      } else {
        assertThat(arguments.isEmpty()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HERMES", "LLAMA3_JSON"})
  void aNamedToolIsCalledOnceAndTheAnswerEndsWithStop(ToolCallSyntax syntax) throws Exception {
    ModelServer server = syntax == ToolCallSyntax.HERMES ? hermes : llama;
    String fields = ",'tool_choice':{'type':'function','function':{'name':'clock'}}" + TOOLS;
    JsonNode choice = Asked.choice(server, fields);
    assertThat(choice.get("finish_reason").asString()).isEqualTo("stop");
    assertThat(choice.get("message").get("tool_calls")).hasSize(1);
    StreamedMessages.Message streamed =
        StreamedMessages.of(
                Asked.send(server, "/v1/chat/completions", Asked.chat(fields + ",'stream':true"))
                    .body())
            .message(0);
    assertThat(streamed.calls).hasSize(1);
    assertThat(streamed.calls.getFirst().name).isEqualTo("clock");
    assertThat(streamed.finishReason).isEqualTo("stop");
  }

  @Test
  void severalCallsMayFollowEachOther() throws Exception {
    for (int seed = 0; seed < 3; seed++) {
      JsonNode choice =
          Asked.choice(llama, ",'seed':%d,'tool_choice':'required'".formatted(seed) + TOOLS);
      for (JsonNode call : choice.get("message").path("tool_calls")) {
        assertThat(call.get("function").get("name").asString()).isIn("weather", "clock");
      }
    }
  }

  @Test
  void aModelWithoutASyntaxOfCallsCannotBeForcedToCall() throws Exception {
    try (ModelServer plain = new ModelServer()) {
      HttpResponse<String> answer =
          Asked.send(
              plain, "/v1/chat/completions", Asked.chat(",'tool_choice':'required'" + TOOLS));
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body()).contains("the model has no known syntax of tool calls");
    }
  }
}

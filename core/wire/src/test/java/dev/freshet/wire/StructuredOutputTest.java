package dev.freshet.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StructuredOutputTest {
  private static final String TOOLS =
      ",'tools':[{'type':'function','function':{'name':'f'}},{'type':'function','function':{'name':'g'}}]";

  private static byte[] bytes(String json) {
    return json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }

  private static ChatRequest chat(String fields) {
    return ChatRequest.parse(
        bytes("{'messages':[{'role':'user','content':'a'}]%s}".formatted(fields)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'prompt':'a','structured_outputs':{'json':{'enum':[1,-2.5,null,true,'x',{'a':[]}]}}}",
        "{'prompt':'a','structured_outputs':{'json_object':true}}",
        "{'prompt':'a','structured_outputs':{'regex':'a+'}}",
        "{'prompt':'a','structured_outputs':{'choice':['a','b']}}",
      })
  void anOutputIsReadAsItIsWritten(String body) {
    CompletionRequest read = CompletionRequest.parse(bytes(body), 100);

    assertThat(read.output()).isPresent();
    assertThat(CompletionRequest.parse(read.toJson(), 100).output()).isEqualTo(read.output());
  }

  @Test
  void aSchemaMayBeAStringAndItsFieldsInAnyOrder() {
    CompletionRequest read =
        CompletionRequest.parse(
            "{\"prompt\":\"a\",\"structured_outputs\":{\"json\":\"{\\\"type\\\":\\\"null\\\"}\"}}"
                .getBytes(StandardCharsets.UTF_8),
            100);
    ChatRequest chat =
        chat(
            ",'response_format':{'json_schema':{'schema':{'type':'null'},'name':'n','strict':true},'type':'json_schema'}");

    assertThat(((StructuredOutput.JsonSchema) read.output().orElseThrow()).schema())
        .isEqualTo(((StructuredOutput.JsonSchema) chat.sampling().output().orElseThrow()).schema());
  }

  @Test
  void aFormatOfAnyTextIsNone() {
    assertThat(
            chat(",'response_format':{'type':'text'},'structured_outputs':{}").sampling().output())
        .isEqualTo(Optional.empty());
  }

  @Test
  void aChoiceOfToolsNamesThoseThatMayBeCalled() {
    ChatRequest named = chat(TOOLS + ",'tool_choice':{'type':'function','function':{'name':'g'}}");

    assertThat(named.tools()).hasSize(2);
    assertThat(named.toolChoice()).isEqualTo(new ToolChoice.Named("g"));
    assertThat(named.toolChoice().among(named.tools())).isEqualTo(List.of(named.tools().get(1)));
    assertThat(chat(TOOLS + ",'tool_choice':'required'").toolChoice().isForced()).isTrue();
    assertThat(chat(TOOLS).toolChoice().isForced()).isFalse();
  }
}

package dev.freshet.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatRequestTest {
  private static ChatRequest parse(String fields) {
    String json = "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]" + fields + "}";
    return ChatRequest.parse(json.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"reasoning", "reasoning_content"})
  void theReasoningOfAMessageHasBothOfItsNames(String name) {
    String json =
        "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"%s\":\"because\"}]}"
            .formatted(name);
    Map<String, @Nullable Object> message =
        ChatRequest.parse(json.getBytes(StandardCharsets.UTF_8)).messages().getFirst();

    assertThat(message)
        .containsEntry("reasoning", "because")
        .containsEntry("reasoning_content", "because");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\"content\":null,"})
  void aMessageOfCallsWithoutContentHasEmptyContent(String content) {
    String json =
        "{\"messages\":[{%s\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}]}"
            .formatted(content);

    assertThat(ChatRequest.parse(json.getBytes(StandardCharsets.UTF_8)).messages().getFirst())
        .containsEntry("content", "");
  }

  @Test
  void documentsAndTheEffortOfReasoningAreVariablesOfTheTemplate() {
    ChatRequest chat =
        parse(
            ",\"documents\":[{\"title\":\"t\"}],\"reasoning_effort\":\"low\",\"chat_template_kwargs\":{\"enable_thinking\":false}");

    assertThat(chat.templateVariables())
        .containsOnlyKeys("documents", "reasoning_effort", "enable_thinking");
  }

  @Test
  void toolsAreNotRenderedIfNoneMayBeCalled() {
    String tools = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]";

    assertThat(parse(tools).tools()).hasSize(1);
    assertThat(parse(tools + ",\"tool_choice\":\"none\"").tools()).isEmpty();
  }
}

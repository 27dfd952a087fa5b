package dev.freshet.text.message;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Messages of models, whole and in pieces. In the tables, calls are written {@code name(arguments)}
 * and {@code -} is an absent text.
 */
class MessageFormatTest {
  private static final String TABLE_NOTHING = "-";

  /** What the parts of a message add up to. */
  private static final class Sum {
    final StringBuilder reasoning = new StringBuilder();
    final StringBuilder content = new StringBuilder();
    final List<StringBuilder> calls = new ArrayList<>();
    final List<Boolean> ends = new ArrayList<>();

    void take(MessagePart part) {
      switch (part) {
        case MessagePart.Reasoning(String text) -> reasoning.append(text);
        case MessagePart.Content(String text) -> content.append(text);
        case MessagePart.CallBegin(int index, String name) -> {
          assertThat(index).isEqualTo(calls.size());
          calls.add(new StringBuilder(name + "("));
        }
        case MessagePart.CallArguments(int index, String json) -> calls.get(index).append(json);
        case MessagePart.CallEnd(int index, boolean whole) -> {
          assertThat(index).isEqualTo(ends.size());
          ends.add(whole);
        }
      }
    }

    @Override
    public String toString() {
      return "%s|%s|%s|%s".formatted(reasoning, content, calls, ends);
    }
  }

  private static Sum streamed(MessageFormat format, List<String> pieces) {
    Sum sum = new Sum();
    MessageParser parser = format.parser();
    pieces.forEach(piece -> parser.push(piece, sum::take));
    parser.end(sum::take);
    return sum;
  }

  private static List<String> split(String text, Random random) {
    List<String> pieces = new ArrayList<>();
    for (int from = 0; from < text.length(); ) {
      int to = Math.min(text.length(), from + random.nextInt(6));
      pieces.add(text.substring(from, to));
      from = to;
    }
    return pieces;
  }

  private static MessageFormat calls(ToolCallSyntax syntax) {
    return new MessageFormat(syntax, ReasoningSyntax.NONE);
  }

  private static void assertMessage(Message message, String content, String calls) {
    assertThat(message.content().orElse(TABLE_NOTHING)).isEqualTo(content);
    assertThat(
            String.join(
                " ",
                message.calls().stream()
                    .map(call -> call.name() + "(" + call.arguments() + ")")
                    .toList()))
        .isEqualTo(calls.equals(TABLE_NOTHING) ? "" : calls);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      textBlock =
          """
          Hello                                                                    | Hello     | -
          <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>              | -         | f({"x": 1})
          <tool_call> {"name":"f","arguments":{}} </tool_call>                     | -         | f({})
          <tool_call>{"arguments": {"x": 1}, "name": "f"}</tool_call>              | -         | f({"x": 1})
          <tool_call>{"type": "function", "name": "f", "arguments": [1], "id": 2}</tool_call> | - | f([1])
          <tool_call>{"name": "f", "arguments": {"a": {"b": ["}", "\\"{"]}}}</tool_call> | -    | f({"a": {"b": ["}", "\\"{"]}})
          <tool_call>{"name": "f", "arguments": {"a": "</tool_call>"}}</tool_call> | -         | f({"a": "</tool_call>"})
          <tool_call>{"name": "größe", "arguments": {"a": "🦀 \\u00e9"}}</tool_call> | -       | größe({"a": "🦀 \\u00e9"})
          <tool_call>{"name": "\\u0066", "arguments": {"name": "g"}}</tool_call>    | -        | f({"name": "g"})
          Now:<tool_call>{"name": "f", "arguments": {}}</tool_call>dropped         | Now:      | f({})
          <tool_call>{"name": "f", "arguments": {}}</tool_call> <tool_call>{"name": "g", "arguments": {"y": 2}}</tool_call> | - | f({}) g({"y": 2})
          <tool_call>{"name": "f", "arguments": {}}                                | -         | f({})
          <tool_call>{"name": "f", "arguments": {"x": 1                            | <tool_call>{"name": "f", "arguments": {"x": 1 | -
          <tool_call>{"name": "f", "arguments": {"x": 1}</tool_call>               | <tool_call>{"name": "f", "arguments": {"x": 1}</tool_call> | -
          <tool_call>{"name": "f", "arguments": {x: 1}}</tool_call>                | <tool_call>{"name": "f", "arguments": {x: 1}}</tool_call> | -
          <tool_call>{"name": "f", "arguments": {}} and</tool_call>                | <tool_call>{"name": "f", "arguments": {}} and</tool_call> | -
          <tool_call>{"name": "f"}</tool_call>                                     | <tool_call>{"name": "f"}</tool_call> | -
          <tool_call>{"name": 1, "arguments": {}}</tool_call>                      | <tool_call>{"name": 1, "arguments": {}}</tool_call> | -
          <tool_call>f(1)</tool_call>                                              | <tool_call>f(1)</tool_call> | -
          <tool_call><tool_call>{"name": "f", "arguments": {}}</tool_call>         | <tool_call> | f({})
          <tool_call>{"name": "f", "arguments": {}}</tool_call><tool_call>no</tool_call> | <tool_call>no</tool_call> | f({})
          a < b <tool_c                                                            | a < b <tool_c | -
          """)
  void aHermesMessageHasTheseCalls(String text, String content, String calls) {
    assertMessage(calls(ToolCallSyntax.HERMES).read(text), content, calls);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      textBlock =
          """
          {"name": "f", "parameters": {"x": 1}}                                    | -         | f({"x": 1})
          {"name": "f", "arguments": {"x": 1}}                                     | -         | f({"x": 1})
          {"name": "f", "parameters": {}}; {"name": "g", "parameters": {}}         | -         | f({}) g({})
          Sure. {"name": "f", "parameters": {}}                                    | Sure.     | f({})
          {"colour": "red"}                                                        | {"colour": "red"} | -
          {{"name": "f", "parameters": {}}                                         | {         | f({})
          {"name": "f", "parameters": {"x                                          | {"name": "f", "parameters": {"x | -
          a {b} c                                                                  | a {b} c   | -
          """)
  void aLlamaMessageHasTheseCalls(String text, String content, String calls) {
    Message message = calls(ToolCallSyntax.LLAMA3_JSON).read(text);

    assertMessage(
        new Message(Optional.empty(), message.content().map(String::strip), message.calls()),
        content,
        calls);
  }

  @Test
  void aLlamaMessageMayBeginWithTheTagForTools() {
    MessageFormat format = calls(ToolCallSyntax.LLAMA3_JSON);

    assertMessage(
        format.read("<|python_tag|>{\"name\": \"f\", \"parameters\": {}}"), TABLE_NOTHING, "f({})");
    assertMessage(format.read("<|python_tag|>print({})"), "<|python_tag|>print({})", TABLE_NOTHING);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      delimiter = '|',
      textBlock =
          """
          <think>Hm.</think>Yes.          | Hm.         | Yes.
          Hm.</think>Yes.                 | Hm.         | Yes.
          Hm.                             | Hm.         | -
          <think>Hm.</think>              | Hm.         | -
          a <think> b</think>c            | a <think> b | c
          <thin                           | <thin       | -
          Hm.</thi                        | Hm.</thi    | -
          """)
  void reasoningIsApartFromTheContent(String text, String reasoning, String content) {
    Message message =
        new MessageFormat(ToolCallSyntax.NONE, ReasoningSyntax.DEEPSEEK_R1).read(text);

    assertThat(message.reasoning()).hasValue(reasoning);
    assertThat(message.content().orElse(TABLE_NOTHING)).isEqualTo(content);
  }

  @Test
  void aCallEndsTheReasoningOfQwen3() {
    String text = "Hm. <tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>";

    Message qwen = new MessageFormat(ToolCallSyntax.HERMES, ReasoningSyntax.QWEN3).read(text);
    assertThat(qwen.reasoning()).hasValue("Hm. ");
    assertMessage(qwen, TABLE_NOTHING, "f({})");
    Message deepseek =
        new MessageFormat(ToolCallSyntax.HERMES, ReasoningSyntax.DEEPSEEK_R1).read(text);
    assertThat(deepseek.reasoning()).hasValue(text);
    assertThat(deepseek.calls()).isEmpty();
  }

  @Test
  void aPromptThatEndsTheReasoningIsFollowedByContent() {
    MessageFormat format = new MessageFormat(ToolCallSyntax.NONE, ReasoningSyntax.QWEN3);

    assertThat(format.after("<think>\n\n</think>\n\n").read("Yes.").content()).hasValue("Yes.");
    assertThat(format.after("<think>\n").read("Yes.").reasoning()).hasValue("Yes.");
  }

  static List<String> texts() {
    return List.of(
        "Hello <tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": \"a\\\"}\"}}\n</tool_call>\n"
            + "<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>",
        " <think>Let me {see}.</think> Now <tool_call>{\"name\": \"f\", \"arguments\": {\"x\": 1",
        "<tool_call>{\"name\" 1}</tool_call> then <tool_call>{\"arguments\":[1,2],\"name\":\"f\"}",
        "a {b} <|python_tag|>{\"name\": \"f\", \"parameters\": {\"a\": {}}}; {\"name\": \"g\"}",
        "< <t <tool_call < </think> <tool_call>x");
  }

  @ParameterizedTest
  @MethodSource("texts")
  void aMessageHasTheSamePartsHoweverItIsDivided(String text) {
    Random random = new Random(1);
    for (ToolCallSyntax calls : ToolCallSyntax.values()) {
      for (ReasoningSyntax reasoning : ReasoningSyntax.values()) {
        MessageFormat format = new MessageFormat(calls, reasoning);
        String whole = streamed(format, List.of(text)).toString();
        for (int i = 0; i < 50; i++) {
          List<String> pieces = split(text, random);
          assertThat(streamed(format, pieces).toString()).as("%s", pieces).isEqualTo(whole);
        }
      }
    }
  }

  @Test
  void argumentsAreGivenOutWhileTheyAreGenerated() {
    Sum sum = new Sum();
    MessageParser parser = calls(ToolCallSyntax.HERMES).parser();

    parser.push("Well<tool_", sum::take);
    assertThat(sum.toString()).isEqualTo("|Well|[]|[]");
    parser.push("call>{\"name\": \"f\", \"argu", sum::take);
    assertThat(sum.toString()).isEqualTo("|Well|[]|[]");
    parser.push("ments\": {\"x\"", sum::take);
    assertThat(sum.toString()).isEqualTo("|Well|[f({\"x\"]|[]");
    parser.push(": 1}}", sum::take);
    assertThat(sum.toString()).isEqualTo("|Well|[f({\"x\": 1}]|[]");
    parser.push("</tool_call>", sum::take);
    assertThat(sum.toString()).isEqualTo("|Well|[f({\"x\": 1}]|[true]");
  }

  @ParameterizedTest
  @CsvSource({
    "'{{ tools }} <tool_call></tool_call>', HERMES",
    "'<tool_call><function=name>', NONE",
    "'<tool_call>name<arg_key>', NONE",
    "'<|python_tag|>', LLAMA3_JSON",
    "'{{ messages }}', NONE"
  })
  void theSyntaxOfCallsIsThatOfTheChatTemplate(String template, ToolCallSyntax syntax) {
    assertThat(ToolCallSyntax.AUTO.of(template)).isEqualTo(syntax);
    assertThat(ToolCallSyntax.HERMES.of(template)).isEqualTo(ToolCallSyntax.HERMES);
  }

  @ParameterizedTest
  @EnumSource(ToolCallSyntax.class)
  void aLongMessageThatIsNoCallIsContent(ToolCallSyntax syntax) {
    for (String piece : List.of("<tool_call>{\"name\": \"f\", \"a", "{", "<", "<tool_call>")) {
      String text = piece.repeat(100_000);

      assertThat(streamed(calls(syntax), List.of(text)).content.toString()).isEqualTo(text);
    }
  }
}

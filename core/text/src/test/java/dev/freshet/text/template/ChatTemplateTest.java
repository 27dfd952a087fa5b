package dev.freshet.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class ChatTemplateTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-07-04T23:05:03Z"), ZoneId.of("Asia/Tokyo"));
  private static final List<Map<String, String>> HI =
      List.of(Map.of("role", "user", "content", "hi"));

  @TempDir Path dir;

  private static String render(String source) {
    return ChatTemplate.of(source, CLOCK).render(HI, List.of(), true, Map.of()).text();
  }

  private String renderFromDirectory(List<?> tools) throws IOException {
    return ChatTemplate.inDirectory(dir, CLOCK)
        .orElseThrow()
        .render(HI, tools, true, Map.of())
        .text();
  }

  private void write(String name, String content) throws IOException {
    Path file = dir.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  @Test
  void aPromptHasMessagesToolsAndVariables() {
    ChatTemplate template =
        ChatTemplate.of(
            "{{ messages[0].content }}{{ tools }}{{ documents }}{{ add_generation_prompt }}{{ k }}",
            CLOCK);

    assertThat(template.render(HI, List.of(), false, Map.of("k", 1.0)).text())
        .isEqualTo("hiNoneNoneFalse1.0");
    assertThat(template.render(HI, List.of(Map.of("name", "f")), true, Map.of()).text())
        .isEqualTo("hi[{'name': 'f'}]NoneTrue");
  }

  @Test
  void jsonNodesAndPlainValuesRenderTheSame() {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("z", List.of(1, 2.5, true, "é"));
    message.put("a", null);
    message.put("big", Long.MAX_VALUE);
    JsonNode json = new ObjectMapper().valueToTree(List.of(message));
    ChatTemplate template = ChatTemplate.of("{{ messages }}", CLOCK);

    assertThat(template.render(json, List.of(), true, Map.of()).text())
        .isEqualTo(template.render(List.of(message), List.of(), true, Map.of()).text())
        .isEqualTo("[{'z': [1, 2.5, True, 'é'], 'a': None, 'big': 9223372036854775807}]");
  }

  @Test
  void theDateIsThatOfTheClockInItsZone() {
    assertThat(render("{{ strftime_now('%d %b %Y') }}")).isEqualTo("05 Jul 2026");
  }

  @Test
  void generationBlocksAreRangesOfTheText() {
    Rendering rendering =
        ChatTemplate.of("a{% generation %}🌊b{% endgeneration %}c", CLOCK)
            .render(HI, List.of(), true, Map.of());

    assertThat(rendering.generations()).containsExactly(new Rendering.Span(1, 4));
    assertThat(rendering.text().substring(1, 4)).isEqualTo("🌊b");
  }

  @Test
  void aTemplateFileComesBeforeTheTokenizersConfiguration() throws IOException {
    write("tokenizer_config.json", "{\"chat_template\": \"config\", \"bos_token\": \"<s>\"}");
    assertThat(renderFromDirectory(List.of())).isEqualTo("config");

    write("chat_template.jinja", "file {{ bos_token }}\n");
    assertThat(renderFromDirectory(List.of())).isEqualTo("file <s>");
  }

  @Test
  void theTemplateForToolsIsUsedWithTools() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"chat_template": [{"name": "default", "template": "plain"},
                           {"name": "tool_use", "template": "tools"}]}
        """);
    assertThat(renderFromDirectory(List.of())).isEqualTo("plain");
    assertThat(renderFromDirectory(List.of(Map.of()))).isEqualTo("tools");

    write("chat_template.jinja", "plain file");
    assertThat(renderFromDirectory(List.of(Map.of()))).isEqualTo("plain file");
    write("additional_chat_templates/tool_use.jinja", "tools file");
    assertThat(renderFromDirectory(List.of(Map.of()))).isEqualTo("tools file");
  }

  @Test
  void aTemplateOfAProcessorIsTheLast() throws IOException {
    write("chat_template.json", "{\"chat_template\": \"processor\"}");
    assertThat(renderFromDirectory(List.of())).isEqualTo("processor");
  }

  @Test
  void aCheckpointWithoutTemplateHasNone() throws IOException {
    write("tokenizer_config.json", "{\"eos_token\": \"</s>\"}");
    assertThat(ChatTemplate.inDirectory(dir, CLOCK)).isEmpty();
  }

  @Test
  void specialTokensAreVariablesThatTheCallerMayReplace() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ image_token }}",
         "bos_token": {"content": "<s>"}, "pad_token": null,
         "extra_special_tokens": {"image_token": "<image>"}}
        """);
    write("special_tokens_map.json", "{\"eos_token\": {\"content\": \"</s>\"}}");
    assertThat(renderFromDirectory(List.of())).isEqualTo("<s></s><image>");
    assertThat(
            ChatTemplate.inDirectory(dir, CLOCK)
                .orElseThrow()
                .render(HI, List.of(), true, Map.of("bos_token", ""))
                .text())
        .isEqualTo("</s><image>");
  }

  @Test
  void aMessageOfTheTemplateIsToldApart() {
    assertThatThrownBy(
            () ->
                render(
                    "{% if true %}\n{{ raise_exception('roles must alternate') }}" + "{% endif %}"))
        .isInstanceOfSatisfying(
            TemplateException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(TemplateException.Kind.RAISED);
              assertThat(e.reason()).isEqualTo("roles must alternate");
              assertThat(e).hasMessage("chat template, line 2: roles must alternate");
            });
  }

  @Test
  void whatIsNotSupportedIsNamedWithItsLine() {
    assertThatThrownBy(() -> render("a\n{% include 'b' %}"))
        .hasMessage("chat template, line 2: the statement 'include' is not supported");
    assertThatThrownBy(() -> render("a\n\n{{ 'a' | wordwrap }}"))
        .hasMessage("chat template, line 3: the filter 'wordwrap' is not supported");
    assertThatThrownBy(() -> render("{{ 'a'.encode() }}"))
        .hasMessage("chat template, line 1: method 'encode' of a str is not supported");
    assertThatThrownBy(() -> render("{{ ('<' | e) + 'a' }}"))
        .hasMessageContaining("operator '+' of a text made by 'escape' or 'safe'");
    assertThatThrownBy(() -> render("{{ range }}"))
        .hasMessageContaining("printing a function, which Python prints with its address,");
    assertThatThrownBy(() -> render("{{ 'a' | nope }}"))
        .hasMessage("chat template, line 1: there is no filter 'nope'");
  }

  @Test
  void anErrorNamesItsLineInsideOfNestedBodies() {
    assertThatThrownBy(
            () ->
                render(
                    "{% for m in messages %}\n{% if m %}\n{{ m.nope.x }}\n{% endif %}{% endfor %}"))
        .hasMessage("chat template, line 3: 'dict object' has no attribute 'nope'");
  }

  @Test
  void manyThreadsRenderOneTemplate()
      throws InterruptedException, ExecutionException, TimeoutException {
    ChatTemplate template =
        ChatTemplate.of(
            "{% set ns = namespace(n=0) %}{% for i in range(k) %}{% set ns.n = ns.n + i %}"
                + "{% endfor %}{{ ns.n }}",
            CLOCK);
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<String>> texts = new ArrayList<>();
      for (int k = 0; k < 400; k++) {
        Map<String, Integer> variables = Map.of("k", k);
        texts.add(threads.submit(() -> template.render(HI, List.of(), true, variables).text()));
      }
      for (int k = 0; k < 400; k++) {
        assertThat(texts.get(k).get(60, TimeUnit.SECONDS))
            .isEqualTo(Integer.toString(k * (k - 1) / 2));
      }
    }
  }
}

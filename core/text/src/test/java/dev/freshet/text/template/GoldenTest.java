package dev.freshet.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Renderings of transformers, held equal: its text and the ranges of generation blocks, in Python's
 * measure, or an error where it has one. {@code make_templates.py} made them.
 */
class GoldenTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-07-04T09:05:03Z"), ZoneOffset.UTC);

  /** A template with variables, and what transformers made of it. */
  record Case(String name, String template, JsonNode context, JsonNode golden) {
    Rendering render() {
      Map<String, Object> variables = new LinkedHashMap<>();
      context
          .properties()
          .forEach(field -> variables.put(field.getKey(), Values.of(field.getValue())));
      return Template.compile(template).render(variables, CLOCK, Limits.DEFAULT);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static String text(String resource) {
    try (InputStream in =
        Objects.requireNonNull(GoldenTest.class.getResourceAsStream("/" + resource))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode json(String resource) {
    return new ObjectMapper().readTree(text(resource));
  }

  static List<Case> published() {
    return json("chat-templates.json")
        .valueStream()
        .map(
            c ->
                new Case(
                    c.path("name").stringValue(),
                    c.path("template").stringValue(),
                    c.path("context"),
                    c))
        .toList();
  }

  static List<Case> constructs() {
    JsonNode all = json("templates/constructs.json");
    return all.path("renderings")
        .valueStream()
        .map(
            c ->
                new Case(
                    c.path("template").stringValue(),
                    c.path("template").stringValue(),
                    all.path("context"),
                    c))
        .toList();
  }

  static List<Case> families() {
    JsonNode all = json("templates/golden.json");
    return all.path("renderings")
        .valueStream()
        .map(
            c -> {
              String file = c.path("template").stringValue();
              String context = c.path("context").stringValue();
              return new Case(
                  file + " " + context,
                  text("templates/" + file),
                  all.path("contexts").path(context),
                  c);
            })
        .toList();
  }

  @ParameterizedTest
  @MethodSource({"published", "constructs", "families"})
  void templatesRenderAsInTransformers(Case golden) {
    if (golden.golden().has("error")) {
      assertThatThrownBy(golden::render).isInstanceOf(TemplateException.class);
      return;
    }
    Rendering rendering = golden.render();
    assertThat(rendering.text()).isEqualTo(golden.golden().path("rendered").stringValue());
    if (golden.golden().has("generations")) {
      assertThat(rendering.generations().stream().map(span -> inPython(rendering.text(), span)))
          .containsExactlyElementsOf(
              golden.golden().path("generations").valueStream().map(JsonNode::toString).toList());
    }
  }

  /** A range in characters instead of {@code char}s. */
  private static String inPython(String text, Rendering.Span span) {
    return "[%d,%d]"
        .formatted(text.codePointCount(0, span.start()), text.codePointCount(0, span.end()));
  }
}

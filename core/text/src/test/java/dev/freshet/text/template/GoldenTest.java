package dev.freshet.text.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Renderings that transformers made, held equal. */
class GoldenTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-07-04T09:05:03Z"), ZoneOffset.UTC);

  /** A template with variables, and what transformers made of it. */
  record Case(String name, String template, JsonNode context, JsonNode expected) {
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

  private static List<Case> cases(String file) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(GoldenTest.class.getResourceAsStream("/" + file))) {
      List<Case> cases = new ArrayList<>();
      for (JsonNode c : new ObjectMapper().readTree(in)) {
        cases.add(
            new Case(
                c.path("name").stringValue(),
                c.path("template").stringValue(),
                c.path("context"),
                c.path("rendered")));
      }
      return cases;
    }
  }

  static List<Case> constructs() throws IOException {
    return cases("chat-templates.json");
  }

  @ParameterizedTest
  @MethodSource("constructs")
  void constructsOfChatTemplatesRenderAsInTransformers(Case golden) {
    assertThat(golden.render().text()).isEqualTo(golden.expected().stringValue());
  }
}

package dev.freshet.text;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** The normalizer, pre-tokenizer or decoder of a {@code tokenizer.json} as a list of steps. */
final class TokenizerSteps {
  private static final List<String> FIELDS = List.of("normalizers", "pretokenizers", "decoders");

  private TokenizerSteps() {}

  /** The steps in order, those of nested sequences in their place; none if it is missing. */
  static List<JsonNode> of(JsonNode step) {
    if (!type(step).equals("Sequence")) {
      return type(step).isEmpty() ? List.of() : List.of(step);
    }
    List<JsonNode> steps = new ArrayList<>();
    FIELDS.forEach(field -> step.path(field).forEach(part -> steps.addAll(of(part))));
    return List.copyOf(steps);
  }

  /** The kind of a step; empty if it has none. */
  static String type(JsonNode step) {
    return step.path("type").asString("");
  }
}

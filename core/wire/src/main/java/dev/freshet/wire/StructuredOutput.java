package dev.freshet.wire;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which texts a completion may be: any other token is excluded while it is generated. */
public sealed interface StructuredOutput {
  /** The most choices. */
  int MAX_CHOICES = 1024;

  /** Where the request says so, as messages name it. */
  String field();

  /** An instance of a JSON schema. */
  record JsonSchema(String field, Map<String, @Nullable Object> schema)
      implements StructuredOutput {}

  /** Any JSON object. */
  record JsonObject(String field) implements StructuredOutput {}

  /** A text that a regular expression matches as a whole. */
  record Pattern(String field, String pattern) implements StructuredOutput {}

  /** One of some texts. */
  record Choice(String field, List<String> texts) implements StructuredOutput {
    public Choice {
      WireException.check(
          !texts.isEmpty() && texts.size() <= MAX_CHOICES,
          field,
          "1 to " + MAX_CHOICES + " texts",
          texts.size());
      WireException.check(
          texts.stream().noneMatch(String::isEmpty), field, "texts that are not empty", "\"\"");
      texts = List.copyOf(texts);
    }
  }
}

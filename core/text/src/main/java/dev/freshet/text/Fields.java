package dev.freshet.text;

import java.util.LinkedHashMap;
import java.util.Map;

/** The fields of a JSON object in a fixed order, so that a file is the same in every process. */
final class Fields {
  private Fields() {}

  /** Names and values in turn. */
  static Map<String, Object> of(Object... namesAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return fields;
  }

  /** An entry of {@code added_tokens} that is found anywhere in a text, exactly as it is. */
  static Map<String, Object> addedToken(int id, String content, boolean special) {
    return of(
        "id", id,
        "content", content,
        "single_word", false,
        "lstrip", false,
        "rstrip", false,
        "normalized", false,
        "special", special);
  }
}

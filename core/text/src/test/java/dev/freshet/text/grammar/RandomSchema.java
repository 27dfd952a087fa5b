package dev.freshet.text.grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Schemas of all keywords that grammars know, at random. */
final class RandomSchema {
  private static final int MOST_LEVELS = 3;
  private static final List<String> PATTERNS =
      List.of("^[a-c]{2,4}$", "x|yy", "^\\w+-\\d{2}$", "^(ab|c)*", "[^\"\\\\]$", "^\\s?é.");

  private final Random random;
  private final Map<String, @Nullable Object> definitions = new LinkedHashMap<>();

  RandomSchema(Random random) {
    this.random = random;
  }

  Map<String, @Nullable Object> root() {
    definitions.put("one", schema(1));
    definitions.put("two", schema(2));
    Map<String, @Nullable Object> root = schema(MOST_LEVELS);
    root.put("$defs", definitions);
    return root;
  }

  private Map<String, @Nullable Object> schema(int levels) {
    Map<String, @Nullable Object> schema = new LinkedHashMap<>();
    switch (random.nextInt(levels == 0 ? 5 : 10)) {
      case 0 -> {
        schema.put("type", "integer");
        long least = random.nextInt(-2000, 2000);
        schema.put("minimum", least);
        schema.put("maximum", least + random.nextInt(3000));
      }
      case 1 -> {
        schema.put("type", List.of("number", "boolean", "null"));
        if (random.nextBoolean()) {
          schema.put("minimum", random.nextInt(-200, 100) / 8.0);
          schema.put("maximum", (Double) schema.get("minimum") + random.nextInt(40) / 16.0);
        }
      }
      case 2 -> {
        schema.put("type", "string");
        long least = random.nextInt(4);
        schema.put("minLength", least);
        schema.put("maxLength", least + random.nextInt(6));
      }
      case 3 -> {
        schema.put("type", "string");
        schema.put("pattern", PATTERNS.get(random.nextInt(PATTERNS.size())));
      }
      case 4 -> schema.put("enum", List.of("a\"b\\c", 1L, -0.5, Map.of("k", List.of(true)), "é\n"));
      case 5 -> {
        schema.put("type", "array");
        schema.put("items", schema(levels - 1));
        long least = random.nextInt(3);
        schema.put("minItems", least);
        if (random.nextBoolean()) {
          schema.put("maxItems", least + random.nextInt(3));
        }
      }
      case 6 -> {
        String keyword = random.nextBoolean() ? "anyOf" : "oneOf";
        schema.put(keyword, List.of(schema(levels - 1), schema(levels - 1)));
      }
      case 7 -> {
        if (definitions.isEmpty()) {
          schema.put("type", "boolean");
        } else {
          List<String> names = new ArrayList<>(definitions.keySet());
          schema.put("$ref", "#/$defs/" + names.get(random.nextInt(names.size())));
        }
      }
      default -> object(schema, levels);
    }
    return schema;
  }

  private void object(Map<String, @Nullable Object> schema, int levels) {
    schema.put("type", "object");
    Map<String, @Nullable Object> properties = new LinkedHashMap<>();
    List<String> required = new ArrayList<>();
    for (String name : List.of("a", "ab", "\"q\"", "ü").subList(0, random.nextInt(5))) {
      properties.put(name, schema(levels - 1));
      if (random.nextBoolean()) {
        required.add(name);
      }
    }
    schema.put("properties", properties);
    schema.put("required", required);
    if (random.nextInt(3) == 0) {
      schema.put("additionalProperties", schema(levels - 1));
    } else {
      schema.put("additionalProperties", false);
    }
  }
}

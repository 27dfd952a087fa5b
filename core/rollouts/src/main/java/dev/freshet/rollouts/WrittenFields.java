package dev.freshet.rollouts;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A JSON object whose values keep the text that was written until they are asked for as what they
 * are. So a decimal number is rounded once, to the double or the float that it was, and zero keeps
 * its sign. A field that is missing or is not what is asked for is an {@link
 * IllegalArgumentException}.
 */
final class WrittenFields {
  private static final JsonFactory JSON = new JsonFactory();

  /** A scalar is its text, an array a list, an object {@link WrittenFields}. */
  private final Map<String, Object> values;

  private WrittenFields(Map<String, Object> values) {
    this.values = values;
  }

  /**
   * Reads one object.
   *
   * @throws tools.jackson.core.JacksonException if it is not JSON
   */
  static WrittenFields parse(byte[] json) {
    try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), json)) {
      if (in.nextToken() == JsonToken.START_OBJECT) {
        return object(in);
      }
      throw new IllegalArgumentException("no JSON object");
    }
  }

  private static WrittenFields object(JsonParser in) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (String name = in.nextName(); name != null; name = in.nextName()) {
      in.nextToken();
      values.put(name, value(in));
    }
    return new WrittenFields(values);
  }

  private static Object value(JsonParser in) {
    return switch (in.currentToken()) {
      case START_OBJECT -> object(in);
      case START_ARRAY -> {
        List<Object> items = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
          items.add(value(in));
        }
        yield items;
      }
      default -> in.getString();
    };
  }

  /** The names of the fields in the order of the text. */
  Set<String> names() {
    return values.keySet();
  }

  String text(String name) {
    return of(String.class, name, values.get(name));
  }

  long number(String name) {
    return Long.parseLong(text(name));
  }

  int integer(String name) {
    return Integer.parseInt(text(name));
  }

  double decimal(String name) {
    return Double.parseDouble(text(name));
  }

  boolean flag(String name) {
    return Boolean.parseBoolean(text(name));
  }

  WrittenFields object(String name) {
    return of(WrittenFields.class, name, values.get(name));
  }

  List<WrittenFields> objects(String name) {
    return items(name, WrittenFields.class, object -> object);
  }

  List<Long> numbers(String name) {
    return items(name, String.class, Long::valueOf);
  }

  List<Double> decimals(String name) {
    return items(name, String.class, Double::valueOf);
  }

  int[] integers(String name) {
    List<Integer> items = items(name, String.class, Integer::valueOf);
    return items.stream().mapToInt(Integer::intValue).toArray();
  }

  float[] floats(String name) {
    List<Float> items = items(name, String.class, Float::valueOf);
    float[] floats = new float[items.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = items.get(i);
    }
    return floats;
  }

  boolean[] flags(String name) {
    List<Boolean> items = items(name, String.class, Boolean::valueOf);
    boolean[] flags = new boolean[items.size()];
    for (int i = 0; i < flags.length; i++) {
      flags[i] = items.get(i);
    }
    return flags;
  }

  private <S, T> List<T> items(String name, Class<S> written, Function<S, T> as) {
    List<T> items = new ArrayList<>();
    for (Object item : of(List.class, name, values.get(name))) {
      items.add(as.apply(of(written, name, item)));
    }
    return items;
  }

  private static <T> T of(Class<T> type, String name, @Nullable Object value) {
    if (!type.isInstance(value)) {
      throw new IllegalArgumentException("field %s is %s".formatted(name, value));
    }
    return type.cast(value);
  }
}

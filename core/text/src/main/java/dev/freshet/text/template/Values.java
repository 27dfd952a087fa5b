package dev.freshet.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Values that callers give, as Python would have them after reading JSON. */
final class Values {
  private Values() {}

  /**
   * @param value JSON, or null, a text, boolean or number, or a list or map of such
   * @throws TemplateException if the value is something else, or nested too deep
   */
  static Object of(@Nullable Object value) {
    return of(value, 0);
  }

  private static Object of(@Nullable Object value, int depth) {
    if (depth > Limits.DEFAULT.depth() / 2) {
      throw new TemplateException(
          TemplateException.Kind.LIMIT,
          "a value of more than %d levels".formatted(Limits.DEFAULT.depth() / 2),
          0);
    }
    return switch (value) {
      case null -> None.NONE;
      case JsonNode json -> json(json, depth);
      case CharSequence text -> text.toString();
      case Boolean bool -> bool;
      case Double number -> number;
      case Float number -> number.doubleValue();
      case BigDecimal number -> number.doubleValue();
      case BigInteger number -> Numbers.normal(number);
      case Number number -> number.longValue();
      case Map<?, ?> map -> {
        Dict dict = new Dict(map.size());
        map.forEach((key, item) -> dict.put(of(key, depth + 1), of(item, depth + 1)));
        yield dict;
      }
      case Iterable<?> items -> {
        List<Object> list = new ArrayList<>();
        items.forEach(item -> list.add(of(item, depth + 1)));
        yield list;
      }
      default ->
          throw TemplateException.failed(
              "a variable is a %s: expected JSON", value.getClass().getName());
    };
  }

  private static Object json(JsonNode json, int depth) {
    return switch (json.getNodeType()) {
      case STRING -> json.stringValue();
      case BOOLEAN -> json.booleanValue();
      case NUMBER ->
          json.isIntegralNumber()
              ? json.canConvertToLong()
                  ? (Object) json.longValue()
                  : Numbers.normal(json.bigIntegerValue())
              : json.doubleValue();
      case ARRAY -> {
        List<Object> list = new ArrayList<>(json.size());
        for (JsonNode item : json) {
          list.add(of(item, depth + 1));
        }
        yield list;
      }
      case OBJECT -> {
        Dict dict = new Dict(json.size());
        for (Map.Entry<String, JsonNode> field : json.properties()) {
          dict.put(field.getKey(), of(field.getValue(), depth + 1));
        }
        yield dict;
      }
      default -> None.NONE;
    };
  }
}

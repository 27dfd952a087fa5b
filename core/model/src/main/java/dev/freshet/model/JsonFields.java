package dev.freshet.model;

import dev.freshet.weights.ModelFile;
import java.util.List;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/** The fields of a JSON object, with their types checked. Errors name the field. */
record JsonFields(JsonNode root) {

  /** Whether the field is present and not null. */
  boolean has(String key) {
    JsonNode node = root.path(key);
    return !node.isMissingNode() && !node.isNull();
  }

  /** The object in a field, without fields if there is none. */
  JsonFields object(String key) {
    return new JsonFields(root.path(key));
  }

  int number(String key) {
    return required(root.path(key), key, JsonFields::isInt, "an integer").asInt();
  }

  int number(String key, int otherwise) {
    return has(key) ? number(key) : otherwise;
  }

  static boolean isInt(JsonNode node) {
    return node.isIntegralNumber() && node.canConvertToInt();
  }

  double decimal(String key) {
    return decimal(root.path(key), key);
  }

  double decimal(String key, double otherwise) {
    return has(key) ? decimal(key) : otherwise;
  }

  /** A list of numbers, each of which must be positive. */
  List<Double> positives(String key) {
    JsonNode list = required(root.path(key), key, JsonNode::isArray, "an array of numbers");
    return list.valueStream().map(node -> positive(key, decimal(node, key))).toList();
  }

  private static double decimal(JsonNode node, String key) {
    return required(node, key, n -> n.isNumber() && Double.isFinite(n.asDouble()), "a number")
        .asDouble();
  }

  static double positive(String key, double value) {
    if (value <= 0) {
      throw new ModelException("%s %s: expected a positive number".formatted(key, value));
    }
    return value;
  }

  boolean flag(String key, boolean otherwise) {
    return has(key)
        ? required(root.path(key), key, JsonNode::isBoolean, "true or false").asBoolean()
        : otherwise;
  }

  String text(String key, String expected) {
    return required(root.path(key), key, JsonNode::isString, expected).asString();
  }

  private static JsonNode required(
      JsonNode node, String key, Predicate<JsonNode> type, String expected) {
    if (!type.test(node)) {
      throw new ModelException(
          "%s %s: expected %s"
              .formatted(key, "is " + (node.isNumber() ? node : ModelFile.typeOf(node)), expected));
    }
    return node;
  }
}

package dev.freshet.text.template;

import java.math.BigInteger;
import java.util.List;

/** The names of Python's types, for errors. */
final class Types {
  private Types() {}

  static String name(Object value) {
    return switch (value) {
      case None n -> "NoneType";
      case Boolean b -> "bool";
      case Long l -> "int";
      case BigInteger i -> "int";
      case Double d -> "float";
      case String s -> "str";
      case Markup m -> "Markup";
      case List<?> l -> "list";
      case Tuple t -> "tuple";
      case Dict d -> "dict";
      case DictView v ->
          switch (v.of()) {
            case KEYS -> "dict_keys";
            case VALUES -> "dict_values";
            case ITEMS -> "dict_items";
          };
      case Range r -> "range";
      case Generator g -> "generator";
      case Undefined u -> "Undefined";
      case Namespace n -> "Namespace";
      case Macro m -> "Macro";
      case Loop l -> "LoopContext";
      case Function f -> "function";
      default -> value.getClass().getSimpleName();
    };
  }
}

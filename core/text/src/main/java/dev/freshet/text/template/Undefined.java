package dev.freshet.text.template;

/**
 * The value of a name, attribute or item that does not exist: it prints as nothing, is false and
 * empty, and equals other undefined values. Any other operation is an error with this message.
 */
record Undefined(String message) {
  static Undefined name(String name) {
    return new Undefined("'%s' is undefined".formatted(name));
  }

  static Undefined attribute(Object of, Object name) {
    return new Undefined(
        "'%s' has no attribute '%s'"
            .formatted(of == None.NONE ? "None" : Types.name(of) + " object", name));
  }

  TemplateException failure() {
    return TemplateException.failed("%s", message);
  }

  /** The value, unless it is undefined. */
  static Object require(Object value) {
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    return value;
  }
}

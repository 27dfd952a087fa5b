package dev.freshet.text.template;

/** Something that a template can call. */
final class Function {
  /** What a function does. */
  @FunctionalInterface
  interface Body {
    Object call(Arguments arguments, Render render);
  }

  private final String name;
  private final Body body;

  Function(String name, Body body) {
    this.name = name;
    this.body = body;
  }

  String name() {
    return name;
  }

  Object call(Arguments arguments, Render render) {
    return body.call(arguments, render);
  }
}

package dev.freshet.text.template;

/** A test of Jinja, as in {@code value is defined}. */
@FunctionalInterface
interface Test {
  boolean holds(Object value, Arguments arguments, Render render);
}

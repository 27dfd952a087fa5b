package dev.freshet.text.template;

/** A filter of Jinja. */
@FunctionalInterface
interface Filter {
  Object apply(Object value, Arguments arguments, Render render);
}

package dev.freshet.text.template;

import java.util.function.Consumer;

/** An expression of a compiled template. Evaluated by many threads at once, each with a frame. */
interface Expression {
  /**
   * @throws TemplateException if an operation fails
   */
  Object evaluate(Frame frame);

  /** The expressions that this one evaluates, in the order of the source. */
  default void children(Consumer<Expression> visitor) {}

  /** Declares the names that are read. */
  default void declare(Symbols symbols) {
    children(child -> child.declare(symbols));
  }

  /** Finds the variables of names. Called once, after all names of the scope were declared. */
  default void bind(Symbols symbols) {
    children(child -> child.bind(symbols));
  }

  /** Whether a name is read anywhere in the expression. */
  default boolean reads(String name) {
    boolean[] found = new boolean[1];
    children(child -> found[0] |= child.reads(name));
    return found[0];
  }
}

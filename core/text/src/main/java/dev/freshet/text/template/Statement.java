package dev.freshet.text.template;

/** A statement of a compiled template. Executed by many threads at once, each with a frame. */
interface Statement {
  /** What runs after a statement. */
  enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  /**
   * @param out where text goes
   * @throws TemplateException if an operation fails
   */
  Flow execute(Frame frame, Output out);

  /** The line of the template, from 1. */
  int line();

  /** Declares the names that the statement reads and assigns in the scope that it stands in. */
  void declare(Symbols symbols);

  /** Finds the variables of names, and declares and binds scopes within the statement. */
  void bind(Symbols symbols);

  /** Whether a name is read anywhere in the statement. */
  boolean reads(String name);
}

package dev.freshet.text.template;

import org.jspecify.annotations.Nullable;

/** A name that is read; undefined if it has no value. */
final class Name implements Expression {
  private final String name;
  private @Nullable Reference variable;

  Name(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  @Override
  public void declare(Symbols symbols) {
    symbols.load(name);
  }

  @Override
  public void bind(Symbols symbols) {
    variable = symbols.reference(name);
  }

  @Override
  public boolean reads(String other) {
    return name.equals(other);
  }

  @Override
  public Object evaluate(Frame frame) {
    if (variable == null) {
      throw new IllegalStateException("name " + name + " is not bound");
    }
    Object value = frame.get(variable);
    return value == null ? Undefined.name(name) : value;
  }
}

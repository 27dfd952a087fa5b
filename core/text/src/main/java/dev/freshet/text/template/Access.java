package dev.freshet.text.template;

import java.util.function.Consumer;

/** Expressions that read a part of a value. */
final class Access {
  private Access() {}

  /** {@code object.name}. */
  record Attribute(Expression object, String name) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      return Attributes.attribute(object.evaluate(frame), name, frame.budget());
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(object);
    }
  }

  /** {@code object[key]}. */
  record Item(Expression object, Expression key) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      return Attributes.item(object.evaluate(frame), key.evaluate(frame), frame.budget());
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(object);
      visitor.accept(key);
    }
  }

  /** {@code object[start:stop:step]}; a bound that is not given is the constant None. */
  record Slice(Expression object, Expression start, Expression stop, Expression step)
      implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      return Slices.slice(
          object.evaluate(frame),
          start.evaluate(frame),
          stop.evaluate(frame),
          step.evaluate(frame),
          frame.budget());
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(object);
      visitor.accept(start);
      visitor.accept(stop);
      visitor.accept(step);
    }
  }
}

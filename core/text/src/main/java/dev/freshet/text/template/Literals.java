package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Expressions that make values: constants, lists, tuples and dicts. */
final class Literals {
  private Literals() {}

  record Constant(Object value) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      return value;
    }
  }

  private static List<Object> values(List<Expression> items, Frame frame) {
    frame.budget().items(items.size());
    List<Object> values = new ArrayList<>(items.size());
    for (Expression item : items) {
      values.add(item.evaluate(frame));
    }
    return values;
  }

  record ListOf(List<Expression> items) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      return values(items, frame);
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      items.forEach(visitor);
    }
  }

  record TupleOf(List<Expression> items) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      return Tuple.of(values(items, frame));
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      items.forEach(visitor);
    }
  }

  record DictOf(List<Expression> keys, List<Expression> values) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      frame.budget().items(keys.size());
      Dict dict = new Dict(keys.size());
      for (int i = 0; i < keys.size(); i++) {
        dict.put(keys.get(i).evaluate(frame), values.get(i).evaluate(frame));
      }
      return dict;
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      for (int i = 0; i < keys.size(); i++) {
        visitor.accept(keys.get(i));
        visitor.accept(values.get(i));
      }
    }
  }
}

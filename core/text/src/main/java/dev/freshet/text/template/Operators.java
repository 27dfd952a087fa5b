package dev.freshet.text.template;

import java.util.List;
import java.util.function.Consumer;

/** Expressions that combine values with operators. */
final class Operators {
  private Operators() {}

  /** {@code + - * / // % **}. */
  record Binary(String operator, Expression left, Expression right) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      Object a = left.evaluate(frame);
      Object b = right.evaluate(frame);
      frame.budget().step();
      return Arithmetic.apply(operator, a, b, frame.budget());
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(left);
      visitor.accept(right);
    }
  }

  /** A sign. */
  record Signed(boolean negative, Expression operand) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      Object value = operand.evaluate(frame);
      return negative ? Arithmetic.negative(value) : Arithmetic.positive(value);
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(operand);
    }
  }

  record Not(Expression operand) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      return !Comparison.isTrue(operand.evaluate(frame));
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(operand);
    }
  }

  /** {@code and}, {@code or}: the operand that decides. */
  record Logical(boolean and, Expression left, Expression right) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      Object value = left.evaluate(frame);
      return Comparison.isTrue(value) == and ? right.evaluate(frame) : value;
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(left);
      visitor.accept(right);
    }
  }

  /** {@code ~}: the operands as texts. */
  record Concatenated(List<Expression> operands) implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      StringBuilder text = new StringBuilder();
      for (Expression operand : operands) {
        text.append(Repr.str(operand.evaluate(frame), frame.budget()));
        frame.budget().limit(text.length());
      }
      frame.budget().text(text.length());
      return text.toString();
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      operands.forEach(visitor);
    }
  }

  /** {@code a < b <= c}: each operand is compared with the next; false ends it. */
  record Compared(Expression first, List<String> operators, List<Expression> rest)
      implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      Object left = first.evaluate(frame);
      for (int i = 0; i < rest.size(); i++) {
        Object right = rest.get(i).evaluate(frame);
        frame.budget().step();
        if (!compare(operators.get(i), left, right, frame.budget())) {
          return false;
        }
        left = right;
      }
      return true;
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(first);
      rest.forEach(visitor);
    }
  }

  static boolean compare(String operator, Object a, Object b, Budget budget) {
    return switch (operator) {
      case "==" -> Comparison.equal(a, b, budget);
      case "!=" -> !Comparison.equal(a, b, budget);
      case "in" -> Comparison.contains(b, a, budget);
      case "not in" -> !Comparison.contains(b, a, budget);
      default -> {
        int order = Comparison.order(a, b, operator, budget);
        yield switch (operator) {
          case "<" -> order < 0;
          case "<=" -> order <= 0;
          case ">" -> order == 1;
          default -> order == 0 || order == 1;
        };
      }
    };
  }

  /** {@code a if b else c}. */
  record Conditional(Expression condition, Expression then, Expression otherwise)
      implements Expression {
    @Override
    public Object evaluate(Frame frame) {
      frame.budget().step();
      return Comparison.isTrue(condition.evaluate(frame))
          ? then.evaluate(frame)
          : otherwise.evaluate(frame);
    }

    @Override
    public void children(Consumer<Expression> visitor) {
      visitor.accept(condition);
      visitor.accept(then);
      visitor.accept(otherwise);
    }
  }
}

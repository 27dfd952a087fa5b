package dev.freshet.text.template;

import java.util.List;

/** Statements without a scope of their own. */
final class SimpleStatements {
  private SimpleStatements() {}

  /** Text of the template. */
  record Text(String text, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      out.append(text);
      return Flow.NEXT;
    }

    @Override
    public void declare(Symbols symbols) {}

    @Override
    public void bind(Symbols symbols) {}

    @Override
    public boolean reads(String name) {
      return false;
    }
  }

  /** <code>{{ value }}</code>. */
  record Print(Expression value, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      out.append(Repr.str(value.evaluate(frame), frame.budget()));
      return Flow.NEXT;
    }

    @Override
    public void declare(Symbols symbols) {
      value.declare(symbols);
    }

    @Override
    public void bind(Symbols symbols) {
      value.bind(symbols);
    }

    @Override
    public boolean reads(String name) {
      return value.reads(name);
    }
  }

  /** {@code set target = value}. */
  record Assign(Target target, Expression value, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      target.assign(frame, value.evaluate(frame));
      return Flow.NEXT;
    }

    @Override
    public void declare(Symbols symbols) {
      value.declare(symbols);
      target.declare(symbols);
      target.names(symbols::store);
    }

    @Override
    public void bind(Symbols symbols) {
      value.bind(symbols);
      target.bind(symbols);
    }

    @Override
    public boolean reads(String name) {
      return value.reads(name);
    }
  }

  /** {@code break} or {@code continue}. */
  record Jump(Flow flow, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      return flow;
    }

    @Override
    public void declare(Symbols symbols) {}

    @Override
    public void bind(Symbols symbols) {}

    @Override
    public boolean reads(String name) {
      return false;
    }
  }

  /**
   * {@code if}, with a body for each condition and one for none.
   *
   * @param bodies one more than conditions; the last is that of {@code else}
   */
  record If(List<Expression> conditions, List<Block> bodies, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      int branch = 0;
      while (branch < conditions.size()
          && !Comparison.isTrue(conditions.get(branch).evaluate(frame))) {
        branch++;
      }
      return bodies.get(branch).execute(frame, out);
    }

    @Override
    public void declare(Symbols symbols) {
      conditions.getFirst().declare(symbols);
      Symbols first = symbols.branch();
      bodies.getFirst().declare(first);
      Symbols further = symbols.branch();
      for (int i = 1; i < conditions.size(); i++) {
        conditions.get(i).declare(further);
        // Within another branch, as in Jinja, where each elif is an if of its own.
        Symbols body = further.branch();
        bodies.get(i).declare(body);
        further.merge(List.of(body));
      }
      Symbols last = symbols.branch();
      bodies.getLast().declare(last);
      symbols.merge(List.of(first, further, last));
    }

    @Override
    public void bind(Symbols symbols) {
      conditions.forEach(condition -> condition.bind(symbols));
      bodies.forEach(body -> body.bind(symbols));
    }

    @Override
    public boolean reads(String name) {
      return conditions.stream().anyMatch(condition -> condition.reads(name))
          || bodies.stream().anyMatch(body -> body.reads(name));
    }
  }
}

package dev.freshet.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Statements whose bodies are scopes within the same function. */
final class ScopeStatements {
  private ScopeStatements() {}

  /** The text of a body, as the input of the filters of a set or filter block. */
  static final class Captured implements Expression {
    /** No name of a template, so that it hides none. */
    private static final String NAME = "{text}";

    private int slot;

    @Override
    public void declare(Symbols symbols) {
      symbols.parameter(NAME);
    }

    @Override
    public void bind(Symbols symbols) {
      slot = symbols.slot(NAME);
    }

    void set(Frame frame, String text) {
      frame.set(slot, text);
    }

    @Override
    public Object evaluate(Frame frame) {
      Object text = frame.get(new Reference(0, slot));
      return text == null ? "" : text;
    }
  }

  /** A body whose text a chain of filters may convert. */
  static final class Capture {
    private final Block body;
    private final Captured captured;
    private final @Nullable Expression filters;
    private ScopeStart start = new ScopeStart(List.of());

    /**
     * @param captured the innermost input of the filters
     * @param filters null if there are none
     */
    Capture(Block body, Captured captured, @Nullable Expression filters) {
      this.body = body;
      this.captured = captured;
      this.filters = filters;
    }

    void bind(Symbols outer) {
      Symbols symbols = outer.scope();
      body.declare(symbols);
      if (filters != null) {
        filters.declare(symbols);
        filters.bind(symbols);
      }
      body.bind(symbols);
      start = symbols.start();
    }

    Object value(Frame frame) {
      start.run(frame);
      String text = body.text(frame);
      if (filters == null) {
        return text;
      }
      captured.set(frame, text);
      return filters.evaluate(frame);
    }

    boolean reads(String name) {
      return body.reads(name) || (filters != null && filters.reads(name));
    }
  }

  /** {@code set target}, whose value is the text of a body. */
  record SetBlock(Target target, Capture capture, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      target.assign(frame, capture.value(frame));
      return Flow.NEXT;
    }

    @Override
    public void declare(Symbols symbols) {
      target.declare(symbols);
      target.names(symbols::store);
    }

    @Override
    public void bind(Symbols symbols) {
      capture.bind(symbols);
      target.bind(symbols);
    }

    @Override
    public boolean reads(String name) {
      return capture.reads(name);
    }
  }

  /** {@code filter name}. */
  record FilterBlock(Capture capture, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      out.append(Repr.str(capture.value(frame), frame.budget()));
      return Flow.NEXT;
    }

    @Override
    public void declare(Symbols symbols) {}

    @Override
    public void bind(Symbols symbols) {
      capture.bind(symbols);
    }

    @Override
    public boolean reads(String name) {
      return capture.reads(name);
    }
  }

  /** {@code with target = value}: the values are computed in the scope around it. */
  static final class With implements Statement {
    private final List<Target> targets;
    private final List<Expression> values;
    private final Block body;
    private final int line;
    private ScopeStart start = new ScopeStart(List.of());

    With(List<Target> targets, List<Expression> values, Block body, int line) {
      this.targets = targets;
      this.values = values;
      this.body = body;
      this.line = line;
    }

    @Override
    public Flow execute(Frame frame, Output out) {
      start.run(frame);
      for (int i = 0; i < targets.size(); i++) {
        targets.get(i).assign(frame, values.get(i).evaluate(frame));
      }
      return body.execute(frame, out);
    }

    @Override
    public int line() {
      return line;
    }

    @Override
    public void declare(Symbols symbols) {
      values.forEach(value -> value.declare(symbols));
    }

    @Override
    public void bind(Symbols symbols) {
      values.forEach(value -> value.bind(symbols));
      Symbols scope = symbols.scope();
      targets.forEach(target -> target.names(scope::parameter));
      body.declare(scope);
      targets.forEach(target -> target.bind(scope));
      body.bind(scope);
      start = scope.start();
    }

    @Override
    public boolean reads(String name) {
      return body.reads(name) || values.stream().anyMatch(value -> value.reads(name));
    }
  }
}

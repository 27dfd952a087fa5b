package dev.freshet.text.template;

/** Statements whose bodies are functions: macros, call blocks and generation blocks. */
final class MacroStatements {
  private MacroStatements() {}

  /** {@code macro name(parameters)}. */
  record Definition(MacroBody body, Target target, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      target.assign(frame, new Macro(body, frame));
      return Flow.NEXT;
    }

    @Override
    public void declare(Symbols symbols) {
      target.names(symbols::store);
    }

    @Override
    public void bind(Symbols symbols) {
      target.bind(symbols);
      body.bind(symbols);
    }

    @Override
    public boolean reads(String name) {
      return body.reads(name);
    }
  }

  /** {@code call(parameters) macro(arguments)}. */
  record CallBlock(Calls.Call call, MacroBody body, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      Object value = call.evaluate(frame, new Macro(body, frame));
      out.append(Repr.str(value, frame.budget()));
      return Flow.NEXT;
    }

    @Override
    public void declare(Symbols symbols) {
      call.declare(symbols);
    }

    @Override
    public void bind(Symbols symbols) {
      call.bind(symbols);
      body.bind(symbols);
    }

    @Override
    public boolean reads(String name) {
      return call.reads(name) || body.reads(name);
    }
  }

  /** {@code generation}: text of the assistant, whose place is noted. */
  record Generation(MacroBody body, int line) implements Statement {
    @Override
    public Flow execute(Frame frame, Output out) {
      String text = new Macro(body, frame).call(Arguments.NONE, frame.render());
      frame.render().generated(text);
      out.append(text);
      return Flow.NEXT;
    }

    @Override
    public void declare(Symbols symbols) {}

    @Override
    public void bind(Symbols symbols) {
      body.bind(symbols);
    }

    @Override
    public boolean reads(String name) {
      return body.reads(name);
    }
  }
}

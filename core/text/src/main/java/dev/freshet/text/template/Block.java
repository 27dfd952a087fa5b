package dev.freshet.text.template;

import java.util.List;

/** Statements that run one after another. Errors of a statement get its line. */
record Block(List<Statement> statements) {
  static final Block EMPTY = new Block(List.of());

  Statement.Flow execute(Frame frame, Output out) {
    for (Statement statement : statements) {
      Statement.Flow flow;
      try {
        frame.budget().step();
        flow = statement.execute(frame, out);
      } catch (TemplateException e) {
        throw e.at(statement.line());
      }
      if (flow != Statement.Flow.NEXT) {
        return flow;
      }
    }
    return Statement.Flow.NEXT;
  }

  /** The text that the statements write. */
  String text(Frame frame) {
    Output out = new Output(frame.budget());
    execute(frame, out);
    return out.toString();
  }

  void declare(Symbols symbols) {
    statements.forEach(statement -> statement.declare(symbols));
  }

  void bind(Symbols symbols) {
    statements.forEach(statement -> statement.bind(symbols));
  }

  boolean reads(String name) {
    return statements.stream().anyMatch(statement -> statement.reads(name));
  }
}

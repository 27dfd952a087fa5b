package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses the statements of a template. */
final class Parser {
  private static final Set<String> NOT_SUPPORTED =
      Set.of("extends", "block", "include", "import", "from", "autoescape", "do", "debug", "trans");

  private final TokenStream tokens;
  private final Heights heights = new Heights();
  private final ExpressionParser expressions;
  private final TargetParser targets;

  /** How many loops of the current function are around a statement. */
  private int loops;

  private Parser(List<Token> tokens) {
    this.tokens = new TokenStream(tokens);
    this.expressions = new ExpressionParser(this.tokens, heights);
    this.targets = new TargetParser(this.tokens);
  }

  /** The statements of a whole template. */
  static Block parse(List<Token> tokens) {
    Parser parser = new Parser(tokens);
    Block block = parser.until(Set.of());
    if (parser.tokens.current().kind() != Token.Kind.END) {
      throw parser.tokens.unexpected("a statement");
    }
    return block;
  }

  /** Statements up to a tag of one of the names, which is then the current token. */
  private Block until(Set<String> ends) {
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = tokens.current();
      switch (token.kind()) {
        case DATA -> statements.add(new SimpleStatements.Text(tokens.next().text(), token.line()));
        case VARIABLE_BEGIN -> {
          int line = tokens.next().line();
          statements.add(new SimpleStatements.Print(expressions.tuple(true, false), line));
          tokens.expect(Token.Kind.VARIABLE_END, "'}}' or an operator");
        }
        case BLOCK_BEGIN -> {
          tokens.next();
          if (tokens.current().kind() == Token.Kind.NAME
              && ends.contains(tokens.current().text())) {
            return new Block(List.copyOf(statements));
          }
          statements.addAll(statement());
          tokens.expect(Token.Kind.BLOCK_END, "'%}'");
        }
        default -> {
          return new Block(List.copyOf(statements));
        }
      }
    }
  }

  /** The body of a block tag, up to one of the ends, whose name is then the current token. */
  private Block body(String tag, int line, Set<String> ends) {
    tokens.skipOperator(":");
    tokens.expect(Token.Kind.BLOCK_END, "'%}'");
    Block body = until(ends);
    if (tokens.current().kind() == Token.Kind.END) {
      throw TemplateException.source(
          "'%s' has no end: expected '{%% end%s %%}'".formatted(tag, tag), line);
    }
    return body;
  }

  private Block bodyToEnd(String tag, int line) {
    Block body = body(tag, line, Set.of("end" + tag));
    tokens.next();
    return body;
  }

  private List<Statement> statement() {
    Token tag = tokens.expect(Token.Kind.NAME, "the name of a statement");
    int line = tag.line();
    heights.enter(line);
    List<Statement> made =
        switch (tag.text()) {
          case "if" -> List.of(conditional(line));
          case "for" -> List.of(loop(line));
          case "set" -> List.of(set(line));
          case "macro" -> List.of(macro(line));
          case "call" -> List.of(callBlock(line));
          case "filter" -> List.of(filterBlock(line));
          case "with" -> List.of(with(line));
          case "print" -> print();
          case "generation" ->
              List.of(
                  new MacroStatements.Generation(
                      function("generation", List.of(), List.of(), "generation", line), line));
          case "break" -> List.of(jump(Statement.Flow.BREAK, tag));
          case "continue" -> List.of(jump(Statement.Flow.CONTINUE, tag));
          default -> throw unknown(tag);
        };
    heights.leave();
    return made;
  }

  private static TemplateException unknown(Token tag) {
    return NOT_SUPPORTED.contains(tag.text())
        ? TemplateException.unsupported("the statement '%s'".formatted(tag.text())).at(tag.line())
        : TemplateException.source("unknown statement '%s'".formatted(tag.text()), tag.line());
  }

  private Statement jump(Statement.Flow flow, Token tag) {
    if (loops == 0) {
      throw TemplateException.source(
          "'%s' stands outside of a loop".formatted(tag.text()), tag.line());
    }
    return new SimpleStatements.Jump(flow, tag.line());
  }

  private List<Statement> print() {
    List<Statement> made = new ArrayList<>();
    while (tokens.current().kind() != Token.Kind.BLOCK_END) {
      if (!made.isEmpty()) {
        tokens.expectOperator(",");
      }
      int line = tokens.current().line();
      made.add(new SimpleStatements.Print(expressions.expression(), line));
    }
    return made;
  }

  private Statement conditional(int line) {
    List<Expression> conditions = new ArrayList<>();
    List<Block> bodies = new ArrayList<>();
    expressions.soft(true);
    Set<String> ends = Set.of("elif", "else", "endif");
    do {
      conditions.add(expressions.tuple(false, false));
      bodies.add(body("if", line, ends));
    } while (tokens.next().isName("elif"));
    bodies.add(endedByElse("if", line));
    expressions.soft(false);
    return new SimpleStatements.If(List.copyOf(conditions), List.copyOf(bodies), line);
  }

  /** The body of an {@code else}, if the tag just read was one; otherwise nothing. */
  private Block endedByElse(String tag, int line) {
    return tokens.previous().isName("else") ? bodyToEnd(tag, line) : Block.EMPTY;
  }

  private Statement loop(int line) {
    Target target = targets.target(false);
    requireNotLoop(target, line);
    tokens.expectName("in");
    Expression items = expressions.tuple(false, false);
    @Nullable Expression condition = tokens.skipName("if") ? expressions.expression() : null;
    boolean recursive = tokens.skipName("recursive");
    int around = heights.begin();
    loops++;
    Block body = body("for", line, Set.of("else", "endfor"));
    loops--;
    int height = heights.end(around);
    tokens.next();
    Block otherwise = endedByElse("for", line);
    return new For(target, items, condition, recursive, body, otherwise, height, line);
  }

  private static void requireNotLoop(Target target, int line) {
    target.names(
        name -> {
          if (name.equals("loop")) {
            throw TemplateException.source("cannot assign to 'loop' in a loop", line);
          }
        });
  }

  private Statement set(int line) {
    Target target = targets.target(true);
    if (loops > 0) {
      requireNotLoop(target, line);
    }
    if (tokens.skipOperator("=")) {
      return new SimpleStatements.Assign(target, expressions.tuple(true, false), line);
    }
    ScopeStatements.Captured text = new ScopeStatements.Captured();
    @Nullable Expression filters = null;
    while (tokens.skipOperator("|")) {
      filters = expressions.postfix().filter(filters == null ? text : filters);
    }
    Block body = bodyToEnd("set", line);
    return new ScopeStatements.SetBlock(
        target, new ScopeStatements.Capture(body, text, filters), line);
  }

  private Statement filterBlock(int line) {
    ScopeStatements.Captured text = new ScopeStatements.Captured();
    Expression filters = expressions.postfix().filter(text);
    while (tokens.skipOperator("|")) {
      filters = expressions.postfix().filter(filters);
    }
    Block body = bodyToEnd("filter", line);
    return new ScopeStatements.FilterBlock(new ScopeStatements.Capture(body, text, filters), line);
  }

  private Statement with(int line) {
    List<Target> names = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (tokens.current().kind() != Token.Kind.BLOCK_END) {
      if (!names.isEmpty()) {
        tokens.expectOperator(",");
      }
      names.add(targets.target(false));
      tokens.expectOperator("=");
      values.add(expressions.expression());
    }
    Block body = bodyToEnd("with", line);
    return new ScopeStatements.With(List.copyOf(names), List.copyOf(values), body, line);
  }

  private Statement macro(int line) {
    String name = targets.name();
    Signature signature = Signature.parse(tokens, expressions, targets);
    MacroBody body = function(name, signature.parameters(), signature.defaults(), "macro", line);
    return new MacroStatements.Definition(body, new Target.Variable(name), line);
  }

  private Statement callBlock(int line) {
    Signature signature =
        tokens.current().is("(")
            ? Signature.parse(tokens, expressions, targets)
            : new Signature(List.of(), List.of());
    if (!(expressions.expression() instanceof Calls.Call call)) {
      throw TemplateException.source("'call' has no call of a macro", line);
    }
    MacroBody body = function("caller", signature.parameters(), signature.defaults(), "call", line);
    return new MacroStatements.CallBlock(call, body, line);
  }

  /** A body that runs as a function, in which no loop around it can be left. */
  private MacroBody function(
      String name, List<String> parameters, List<Expression> defaults, String tag, int line) {
    int around = heights.begin();
    int outerLoops = loops;
    loops = 0;
    Block body = bodyToEnd(tag, line);
    loops = outerLoops;
    return new MacroBody(name, parameters, defaults, body, heights.end(around));
  }
}

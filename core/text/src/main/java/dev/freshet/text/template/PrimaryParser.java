package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.List;

/** Parses names, literals, and what stands in brackets. */
final class PrimaryParser {
  private static final Literals.Constant NONE = new Literals.Constant(None.NONE);

  private final TokenStream tokens;
  private final Heights heights;
  private final ExpressionParser expressions;

  PrimaryParser(TokenStream tokens, Heights heights, ExpressionParser expressions) {
    this.tokens = tokens;
    this.heights = heights;
    this.expressions = expressions;
  }

  Expression primary() {
    Token token = tokens.current();
    Expression made =
        switch (token.kind()) {
          case NAME -> name(tokens.next().text());
          case STRING -> strings();
          case NUMBER -> new Literals.Constant(tokens.next().value());
          default -> bracketed(token);
        };
    return heights.made(made, token.line());
  }

  private static Expression name(String name) {
    return switch (name) {
      case "true", "True" -> new Literals.Constant(true);
      case "false", "False" -> new Literals.Constant(false);
      case "none", "None" -> NONE;
      default -> new Name(name);
    };
  }

  /** Strings that follow one another are one. */
  private Expression strings() {
    StringBuilder text = new StringBuilder();
    while (tokens.current().kind() == Token.Kind.STRING) {
      text.append(tokens.next().text());
    }
    return new Literals.Constant(text.toString());
  }

  private Expression bracketed(Token token) {
    if (tokens.skipOperator("(")) {
      Expression inner = expressions.tuple(true, true);
      tokens.expectOperator(")");
      return inner;
    }
    if (tokens.skipOperator("[")) {
      List<Expression> items = new ArrayList<>();
      while (!tokens.skipOperator("]")) {
        if (!items.isEmpty()) {
          tokens.expectOperator(",");
          if (tokens.skipOperator("]")) {
            break;
          }
        }
        items.add(expressions.expression());
      }
      return new Literals.ListOf(List.copyOf(items));
    }
    if (tokens.skipOperator("{")) {
      return dict();
    }
    throw TemplateException.source(
        "found %s: expected an expression".formatted(token.shown()), token.line());
  }

  private Expression dict() {
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!tokens.skipOperator("}")) {
      if (!keys.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.skipOperator("}")) {
          break;
        }
      }
      keys.add(expressions.expression());
      tokens.expectOperator(":");
      values.add(expressions.expression());
    }
    return new Literals.DictOf(List.copyOf(keys), List.copyOf(values));
  }
}

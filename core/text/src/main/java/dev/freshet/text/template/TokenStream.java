package dev.freshet.text.template;

import java.util.List;
import java.util.Set;

/** The tokens of a template, read one after another. */
final class TokenStream {
  private final List<Token> tokens;
  private int at;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token current() {
    return tokens.get(at);
  }

  /** The token before the current one. */
  Token previous() {
    return tokens.get(at - 1);
  }

  /** The token after the current one. */
  Token following() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  /** The current token; moves to the next. */
  Token next() {
    Token token = tokens.get(at);
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  boolean skipOperator(String operator) {
    boolean found = current().is(operator);
    if (found) {
      next();
    }
    return found;
  }

  boolean skipName(String name) {
    boolean found = current().isName(name);
    if (found) {
      next();
    }
    return found;
  }

  boolean isOperator(Set<String> operators) {
    return current().kind() == Token.Kind.OPERATOR && operators.contains(current().text());
  }

  Token expectOperator(String operator) {
    if (!current().is(operator)) {
      throw unexpected("'%s'".formatted(operator));
    }
    return next();
  }

  Token expectName(String name) {
    if (!current().isName(name)) {
      throw unexpected("'%s'".formatted(name));
    }
    return next();
  }

  String expectAnyName() {
    return expect(Token.Kind.NAME, "a name").text();
  }

  Token expect(Token.Kind kind, String expected) {
    if (current().kind() != kind) {
      throw unexpected(expected);
    }
    return next();
  }

  TemplateException unexpected(String expected) {
    return TemplateException.source(
        "found %s: expected %s".formatted(current().shown(), expected), current().line());
  }
}

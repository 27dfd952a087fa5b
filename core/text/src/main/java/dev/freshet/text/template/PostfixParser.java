package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Parses what follows a value: attributes, items, slices, calls, filters and tests. */
final class PostfixParser {
  private static final Expression NONE = new Literals.Constant(None.NONE);

  private final TokenStream tokens;
  private final Heights heights;
  private final ExpressionParser expressions;
  private final PrimaryParser primary;

  PostfixParser(
      TokenStream tokens, Heights heights, ExpressionParser expressions, PrimaryParser primary) {
    this.tokens = tokens;
    this.heights = heights;
    this.expressions = expressions;
    this.primary = primary;
  }

  /** Attributes, items and calls. */
  Expression postfix(Expression value) {
    Expression all = value;
    while (true) {
      int line = tokens.current().line();
      Expression more;
      if (tokens.skipOperator(".")) {
        more = attribute(all);
      } else if (tokens.skipOperator("[")) {
        more = item(all);
      } else if (tokens.current().is("(")) {
        more = new Calls.Call(all, arguments());
      } else {
        return all;
      }
      all = heights.made(more, line);
    }
  }

  /** Filters, tests and calls of their results. */
  Expression filters(Expression value) {
    Expression all = value;
    while (true) {
      int line = tokens.current().line();
      if (tokens.skipOperator("|")) {
        all = filter(all);
      } else if (tokens.skipName("is")) {
        all = heights.made(test(all, line), line);
      } else if (tokens.current().is("(")) {
        all = heights.made(new Calls.Call(all, arguments()), line);
      } else {
        return all;
      }
    }
  }

  /** One filter, whose name is next. */
  Expression filter(Expression value) {
    int line = tokens.current().line();
    String name = dottedName();
    Filter filter = Filters.named(name);
    if (filter == null && !expressions.isSoft()) {
      throw Filters.unknown(name).at(line);
    }
    return heights.made(new Calls.Filtered(value, name, filter, optionalArguments()), line);
  }

  private Calls.ArgumentList optionalArguments() {
    return tokens.current().is("(") ? arguments() : Calls.ArgumentList.NONE;
  }

  private String dottedName() {
    StringBuilder name = new StringBuilder(tokens.expectAnyName());
    while (tokens.skipOperator(".")) {
      name.append('.').append(tokens.expectAnyName());
    }
    return name.toString();
  }

  private Expression attribute(Expression object) {
    Token token = tokens.next();
    if (token.kind() == Token.Kind.NAME) {
      return new Access.Attribute(object, token.text());
    }
    if (token.kind() == Token.Kind.NUMBER && Numbers.isInteger(token.value())) {
      return new Access.Item(object, new Literals.Constant(token.value()));
    }
    throw TemplateException.source(
        "found %s: expected a name or number after '.'".formatted(token.shown()), token.line());
  }

  private Expression item(Expression object) {
    int line = tokens.current().line();
    List<Expression> keys = new ArrayList<>();
    while (!tokens.current().is("]")) {
      if (!keys.isEmpty()) {
        tokens.expectOperator(",");
      }
      Expression start = tokens.current().is(":") ? NONE : expressions.expression();
      if (!tokens.current().is(":")) {
        keys.add(start);
        continue;
      }
      Expression slice = slice(object, start);
      if (!keys.isEmpty() || tokens.current().is(",")) {
        throw TemplateException.source("a slice in more than one dimension", line);
      }
      tokens.expectOperator("]");
      return slice;
    }
    tokens.expectOperator("]");
    if (keys.size() == 1) {
      return new Access.Item(object, keys.getFirst());
    }
    Expression tuple = heights.made(new Literals.TupleOf(List.copyOf(keys)), line);
    return new Access.Item(object, tuple);
  }

  private Expression slice(Expression object, Expression start) {
    tokens.expectOperator(":");
    Expression stop = bound();
    Expression step = tokens.skipOperator(":") ? bound() : NONE;
    return new Access.Slice(object, start, stop, step);
  }

  private Expression bound() {
    Token token = tokens.current();
    return token.is(":") || token.is("]") || token.is(",") ? NONE : expressions.expression();
  }

  private Expression test(Expression value, int line) {
    boolean negated = tokens.skipName("not");
    String name = dottedName();
    Test test = Tests.named(name);
    if (test == null && !expressions.isSoft()) {
      throw Tests.unknown(name).at(line);
    }
    Calls.ArgumentList arguments =
        !tokens.current().is("(") && startsArgument()
            ? one(postfix(primary.primary()))
            : optionalArguments();
    Expression tested = new Calls.Tested(value, name, test, arguments);
    return negated ? new Operators.Not(heights.made(tested, line)) : tested;
  }

  private static Calls.ArgumentList one(Expression argument) {
    return new Calls.ArgumentList(List.of(argument), Map.of(), null, null);
  }

  /** Whether an argument without parentheses follows the name of a test. */
  private boolean startsArgument() {
    Token token = tokens.current();
    return switch (token.kind()) {
      case STRING, NUMBER -> true;
      case OPERATOR -> token.is("[") || token.is("{");
      case NAME -> {
        if (token.isName("is")) {
          throw TemplateException.source("tests cannot be chained with 'is'", token.line());
        }
        yield !token.isName("else") && !token.isName("or") && !token.isName("and");
      }
      default -> false;
    };
  }

  /** The arguments of a call, whose parenthesis is next. */
  Calls.ArgumentList arguments() {
    int line = tokens.expectOperator("(").line();
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    @Nullable Expression list = null;
    @Nullable Expression dict = null;
    boolean first = true;
    while (!tokens.skipOperator(")")) {
      if (!first) {
        tokens.expectOperator(",");
        if (tokens.skipOperator(")")) {
          break;
        }
      }
      first = false;
      boolean ordered;
      if (tokens.skipOperator("*")) {
        ordered = list == null && dict == null;
        list = expressions.expression();
      } else if (tokens.skipOperator("**")) {
        ordered = dict == null;
        dict = expressions.expression();
      } else if (tokens.current().kind() == Token.Kind.NAME && tokens.following().is("=")) {
        String name = tokens.next().text();
        tokens.expectOperator("=");
        ordered = dict == null && !named.containsKey(name);
        named.put(name, expressions.expression());
      } else {
        ordered = list == null && dict == null && named.isEmpty();
        positional.add(expressions.expression());
      }
      if (!ordered) {
        throw TemplateException.source(
            "the arguments of a call are repeated or not in order", line);
      }
    }
    return new Calls.ArgumentList(
        List.copyOf(positional), Collections.unmodifiableMap(named), list, dict);
  }
}

package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Parses expressions by Jinja's precedence, from conditions down to signs. */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<String> SUMS = Set.of("+", "-");
  private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");
  private static final Set<String> POWERS = Set.of("**");

  private final TokenStream tokens;
  private final Heights heights;
  private final PrimaryParser primary;
  private final PostfixParser postfix;

  /** How many parts of the source around the current one may not run. */
  private int soft;

  ExpressionParser(TokenStream tokens, Heights heights) {
    this.tokens = tokens;
    this.heights = heights;
    this.primary = new PrimaryParser(tokens, heights, this);
    this.postfix = new PostfixParser(tokens, heights, this, primary);
  }

  PostfixParser postfix() {
    return postfix;
  }

  /** Whether unknown filters and tests are errors only where they run, as in Jinja. */
  boolean isSoft() {
    return soft > 0;
  }

  /** Begins and ends a part of the source that may not run. */
  void soft(boolean begin) {
    soft += begin ? 1 : -1;
  }

  Expression expression() {
    int line = tokens.current().line();
    heights.enter(line);
    Expression value = or();
    while (tokens.current().isName("if")) {
      int conditionLine = tokens.next().line();
      Expression condition = or();
      Expression otherwise =
          tokens.skipName("else")
              ? expression()
              : new Literals.Constant(
                  new Undefined(
                      "the inline if-expression on line %d was false and has no else"
                          .formatted(conditionLine)));
      value = heights.made(new Operators.Conditional(condition, value, otherwise), line);
    }
    heights.leave();
    return value;
  }

  /** An expression that is not an inline if. */
  Expression or() {
    Expression left = and();
    while (tokens.current().isName("or")) {
      int line = tokens.next().line();
      left = heights.made(new Operators.Logical(false, left, and()), line);
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.current().isName("and")) {
      int line = tokens.next().line();
      left = heights.made(new Operators.Logical(true, left, not()), line);
    }
    return left;
  }

  private Expression not() {
    if (!tokens.current().isName("not")) {
      return compared();
    }
    int line = tokens.next().line();
    heights.enter(line);
    Expression negated = heights.made(new Operators.Not(not()), line);
    heights.leave();
    return negated;
  }

  private Expression compared() {
    int line = tokens.current().line();
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> rest = new ArrayList<>();
    while (true) {
      if (tokens.isOperator(COMPARISONS)) {
        operators.add(tokens.next().text());
      } else if (tokens.skipName("in")) {
        operators.add("in");
      } else if (tokens.current().isName("not") && tokens.following().isName("in")) {
        tokens.next();
        tokens.next();
        operators.add("not in");
      } else {
        break;
      }
      rest.add(sum());
    }
    return rest.isEmpty()
        ? first
        : heights.made(
            new Operators.Compared(first, List.copyOf(operators), List.copyOf(rest)), line);
  }

  private Expression sum() {
    return binary(SUMS, this::concatenated);
  }

  private Expression product() {
    return binary(PRODUCTS, this::power);
  }

  private Expression power() {
    return binary(POWERS, () -> unary(true));
  }

  /** Operators of one precedence, from left to right: powers too, as in Jinja. */
  private Expression binary(Set<String> operators, Supplier<Expression> operand) {
    Expression left = operand.get();
    while (tokens.isOperator(operators)) {
      Token operator = tokens.next();
      left =
          heights.made(new Operators.Binary(operator.text(), left, operand.get()), operator.line());
    }
    return left;
  }

  private Expression concatenated() {
    int line = tokens.current().line();
    Expression first = product();
    if (!tokens.current().is("~")) {
      return first;
    }
    List<Expression> operands = new ArrayList<>(List.of(first));
    while (tokens.skipOperator("~")) {
      operands.add(product());
    }
    return heights.made(new Operators.Concatenated(List.copyOf(operands)), line);
  }

  private Expression unary(boolean withFilters) {
    int line = tokens.current().line();
    heights.enter(line);
    Expression value;
    if (tokens.isOperator(SUMS)) {
      boolean negative = tokens.next().is("-");
      value = heights.made(new Operators.Signed(negative, unary(false)), line);
    } else {
      value = primary.primary();
    }
    value = postfix.postfix(value);
    heights.leave();
    return withFilters ? postfix.filters(value) : value;
  }

  /**
   * An expression, or a tuple if there are commas.
   *
   * @param conditions whether inline ifs are part of it
   * @param parenthesized whether it stands in parentheses, where an empty tuple may
   */
  Expression tuple(boolean conditions, boolean parenthesized) {
    int line = tokens.current().line();
    List<Expression> items = new ArrayList<>();
    boolean comma = false;
    while (!atTupleEnd()) {
      items.add(conditions ? expression() : or());
      if (!tokens.current().is(",")) {
        break;
      }
      tokens.next();
      comma = true;
    }
    if (!comma && items.size() == 1) {
      return items.getFirst();
    }
    if (items.isEmpty() && !parenthesized) {
      throw tokens.unexpected("an expression");
    }
    return heights.made(new Literals.TupleOf(List.copyOf(items)), line);
  }

  private boolean atTupleEnd() {
    Token token = tokens.current();
    return token.kind() == Token.Kind.VARIABLE_END
        || token.kind() == Token.Kind.BLOCK_END
        || token.is(")");
  }
}

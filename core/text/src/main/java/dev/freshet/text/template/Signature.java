package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.List;

/**
 * The parameters of a macro or call block.
 *
 * @param defaults the values of the last parameters, where none are given
 */
record Signature(List<String> parameters, List<Expression> defaults) {
  /** Parses parameters in parentheses, the first of which is next. */
  static Signature parse(TokenStream tokens, ExpressionParser expressions, TargetParser targets) {
    int line = tokens.expectOperator("(").line();
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    while (!tokens.skipOperator(")")) {
      if (!parameters.isEmpty()) {
        tokens.expectOperator(",");
      }
      String parameter = targets.name();
      if (parameters.contains(parameter)) {
        throw TemplateException.source("two parameters are named '%s'".formatted(parameter), line);
      }
      parameters.add(parameter);
      if (tokens.skipOperator("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw TemplateException.source("a parameter without default follows one with", line);
      }
    }
    return new Signature(List.copyOf(parameters), List.copyOf(defaults));
  }
}

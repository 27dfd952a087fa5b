package dev.freshet.text.template;

import java.util.IdentityHashMap;

/**
 * Measures how deep statements and expressions are nested while a template is parsed, so that
 * neither parsing nor rendering runs out of stack.
 */
final class Heights {
  private final IdentityHashMap<Expression, Integer> expressions = new IdentityHashMap<>();
  private int depth;
  private int deepest;

  /** Enters a statement, or an expression within another. */
  void enter(int line) {
    depth++;
    deepest = Math.max(deepest, depth);
    if (depth > Limits.NESTING) {
      throw TemplateException.source(
          "more than %d levels of nesting".formatted(Limits.NESTING), line);
    }
  }

  void leave() {
    depth--;
  }

  /** Notes an expression whose parts were noted before. */
  <E extends Expression> E made(E expression, int line) {
    int[] most = new int[1];
    expression.children(child -> most[0] = Math.max(most[0], expressions.getOrDefault(child, 1)));
    int height = most[0] + 1;
    if (height > Limits.EXPRESSION) {
      throw TemplateException.source(
          "an expression of more than %d levels".formatted(Limits.EXPRESSION), line);
    }
    expressions.put(expression, height);
    deepest = Math.max(deepest, depth + height);
    return expression;
  }

  /** Begins the measure of a body. Returns what {@link #end} needs. */
  int begin() {
    int around = deepest;
    deepest = depth;
    return around;
  }

  /** The levels of the body since {@link #begin}. */
  int end(int around) {
    int height = deepest - depth + 1;
    deepest = Math.max(deepest, around);
    return height;
  }
}

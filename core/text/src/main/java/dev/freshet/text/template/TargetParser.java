package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parses what an assignment, a loop or {@code with} gives values to. */
final class TargetParser {
  private static final Set<String> CONSTANTS =
      Set.of("true", "false", "none", "True", "False", "None");

  private final TokenStream tokens;

  TargetParser(TokenStream tokens) {
    this.tokens = tokens;
  }

  /** A name that can be assigned. */
  String name() {
    Token token = tokens.current();
    String name = tokens.expectAnyName();
    if (CONSTANTS.contains(name)) {
      throw TemplateException.source("cannot assign to '%s'".formatted(name), token.line());
    }
    return name;
  }

  /**
   * A name, or several with commas between them.
   *
   * @param attributes whether attributes of namespaces are allowed
   */
  Target target(boolean attributes) {
    List<Target> targets = new ArrayList<>();
    boolean comma = false;
    do {
      if (isEnd()) {
        break;
      }
      targets.add(one(attributes));
      comma |= tokens.current().is(",");
    } while (tokens.skipOperator(","));
    if (targets.isEmpty()) {
      throw tokens.unexpected("a name to assign to");
    }
    return comma ? new Target.Unpacked(List.copyOf(targets)) : targets.getFirst();
  }

  /** Where a comma may stand at the end of a tuple, as in Jinja. */
  private boolean isEnd() {
    return tokens.current().is(")") || tokens.current().kind() == Token.Kind.BLOCK_END;
  }

  private Target one(boolean attributes) {
    if (tokens.skipOperator("(")) {
      Target inner = target(false);
      tokens.expectOperator(")");
      return inner;
    }
    String name = name();
    if (attributes && tokens.skipOperator(".")) {
      return new Target.Attribute(name, tokens.expectAnyName());
    }
    return new Target.Variable(name);
  }
}

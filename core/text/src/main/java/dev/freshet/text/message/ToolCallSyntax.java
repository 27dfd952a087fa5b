package dev.freshet.text.message;

import dev.freshet.text.grammar.Grammars;
import java.util.Optional;

/** How a model writes tool calls, by the names of vLLM's parsers. */
public enum ToolCallSyntax {
  /** That of the model's chat template; none if it asks for no known one. */
  AUTO,
  /** {@link HermesCalls}. */
  HERMES,
  /** {@link Llama3JsonCalls}. */
  LLAMA3_JSON,
  /** Calls are content. */
  NONE;

  /** A parser of one message. */
  MessageParser parser() {
    return switch (this) {
      case HERMES -> new HermesCalls();
      case LLAMA3_JSON -> new Llama3JsonCalls();
      case AUTO, NONE -> MessageParser.plain();
    };
  }

  /** How a call is written; empty if the model writes none. */
  public Optional<Grammars.CallForm> form() {
    return switch (this) {
      case HERMES -> Optional.of(HermesCalls.FORM);
      case LLAMA3_JSON -> Optional.of(Llama3JsonCalls.FORM);
      case AUTO, NONE -> Optional.empty();
    };
  }

  private boolean isAskedBy(String template) {
    return switch (this) {
      case HERMES -> HermesCalls.isAskedBy(template);
      case LLAMA3_JSON -> Llama3JsonCalls.isAskedBy(template);
      case AUTO, NONE -> false;
    };
  }

  /**
   * The syntax of a model.
   *
   * @param template the source of the chat template that renders tools
   */
  public ToolCallSyntax of(String template) {
    if (this != AUTO) {
      return this;
    }
    for (ToolCallSyntax syntax : values()) {
      if (syntax.isAskedBy(template)) {
        return syntax;
      }
    }
    return NONE;
  }
}

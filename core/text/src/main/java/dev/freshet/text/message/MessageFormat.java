package dev.freshet.text.message;

import java.util.List;
import java.util.Optional;

/**
 * How the messages of a model are written.
 *
 * @param calls the syntax of its tool calls
 * @param reasoning the syntax of its reasoning
 */
public record MessageFormat(ToolCallSyntax calls, ReasoningSyntax reasoning) {
  /** Messages that are content alone. */
  public static final MessageFormat PLAIN =
      new MessageFormat(ToolCallSyntax.NONE, ReasoningSyntax.NONE);

  /** Whether messages are content alone. */
  public boolean isPlain() {
    return !hasCalls() && !hasReasoning();
  }

  /** Whether messages may have tool calls. */
  public boolean hasCalls() {
    return calls != ToolCallSyntax.NONE;
  }

  /** Whether messages have reasoning. */
  public boolean hasReasoning() {
    return reasoning != ReasoningSyntax.NONE;
  }

  /** The format of messages that have no tool calls. */
  public MessageFormat withoutCalls() {
    return new MessageFormat(ToolCallSyntax.NONE, reasoning);
  }

  /** The format of the message that continues a prompt. */
  public MessageFormat after(String prompt) {
    return new MessageFormat(calls, reasoning.after(prompt));
  }

  /** A parser of one message. */
  public MessageParser parser() {
    return reasoning.parser(calls.parser());
  }

  /**
   * Reads a whole message. If one of its calls is not whole, or its arguments are not JSON, the
   * answer is content alone, as in vLLM.
   */
  public Message read(String text) {
    WholeMessage thoughts = WholeMessage.read(text, reasoning.parser(MessageParser.plain()));
    WholeMessage answer = WholeMessage.read(thoughts.content(), calls.parser());
    Optional<String> reasoned =
        hasReasoning() ? Optional.of(thoughts.reasoning()) : Optional.empty();
    boolean called = answer.isWhole() && !answer.calls().isEmpty();
    String content = answer.isWhole() ? answer.content() : thoughts.content();
    return new Message(
        reasoned,
        content.isEmpty() && (called || reasoned.isPresent())
            ? Optional.empty()
            : Optional.of(content),
        called ? answer.calls() : List.of());
  }
}

package dev.freshet.text.message;

import java.util.List;
import java.util.Optional;

/**
 * A whole message of a model.
 *
 * @param reasoning the text of its reasoning; empty if no reasoning is expected
 * @param content the text for the user; empty if there are calls or reasoning alone
 * @param calls the tool calls in the order of the text
 */
public record Message(Optional<String> reasoning, Optional<String> content, List<Call> calls) {
  /**
   * A tool call.
   *
   * @param name of the called function, as the model wrote it
   * @param arguments a JSON value, as the model wrote it
   */
  public record Call(String name, String arguments) {}

  public Message {
    calls = List.copyOf(calls);
  }
}

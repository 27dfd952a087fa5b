package dev.freshet.text.message;

/**
 * A piece of a message, in the order in which the model generated them. The pieces of one kind add
 * up: contents to the content, arguments of one call to its arguments.
 */
public sealed interface MessagePart {
  /** Text for the user. */
  record Content(String text) implements MessagePart {}

  /** Text of the model's reasoning before its answer. */
  record Reasoning(String text) implements MessagePart {}

  /**
   * A tool call begins. Its arguments follow.
   *
   * @param index its place among the calls of the message
   * @param name of the called function, as the model wrote it
   */
  record CallBegin(int index, String name) implements MessagePart {}

  /**
   * A piece of a call's arguments.
   *
   * @param json as the model wrote it; all pieces together are one JSON value if the call is whole
   */
  record CallArguments(int index, String json) implements MessagePart {}

  /**
   * A tool call ends.
   *
   * @param whole whether the model ended its JSON, and wrote nothing else where a call is expected
   */
  record CallEnd(int index, boolean whole) implements MessagePart {}
}

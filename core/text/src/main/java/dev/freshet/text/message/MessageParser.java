package dev.freshet.text.message;

import java.util.function.Consumer;

/**
 * Splits one message into its parts while it is generated. A part is given out as soon as no
 * further text can change it, so the tag of a syntax is never given out as content, not even half
 * of it. The parts do not depend on how the text is divided, except in their number. Text that
 * turns out not to have the syntax is content. Amortised O(1) a character; not thread-safe; one
 * instance a message.
 */
public interface MessageParser {
  /** Appends text. */
  void push(String text, Consumer<MessagePart> parts);

  /** Ends the message: gives out what was held back. */
  void end(Consumer<MessagePart> parts);

  /** A message that is content alone. */
  static MessageParser plain() {
    return new MessageParser() {
      @Override
      public void push(String text, Consumer<MessagePart> parts) {
        if (!text.isEmpty()) {
          parts.accept(new MessagePart.Content(text));
        }
      }

      @Override
      public void end(Consumer<MessagePart> parts) {}
    };
  }
}

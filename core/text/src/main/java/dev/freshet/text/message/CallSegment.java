package dev.freshet.text.message;

import java.util.function.Consumer;

/**
 * A piece of a message that may be a tool call: its name and arguments are given out as soon as
 * they are known; until then its text is kept, in case that it is none. Not thread-safe.
 */
final class CallSegment {
  private final CallText object = new CallText();
  private final StringBuilder text = new StringBuilder();
  private final int index;
  private boolean begun;

  /**
   * @param tag the text before the object, part of the segment
   * @param index the place of the call among those of the message
   */
  CallSegment(String tag, int index) {
    text.append(tag);
    this.index = index;
  }

  /** Reads the object from {@code at} on; returns where it ends so far. */
  int read(StringBuilder input, int at, Consumer<MessagePart> parts) {
    int end = object.read(input, at);
    if (object.isFailed()) {
      end--; // What cannot be part of this call may begin another.
    }
    if (!begun) {
      text.append(input, at, end);
      begun = object.name().isPresent();
      if (begun) {
        parts.accept(new MessagePart.CallBegin(index, object.name().get()));
      }
    }
    String arguments = begun ? object.takeArguments() : "";
    if (!arguments.isEmpty()) {
      parts.accept(new MessagePart.CallArguments(index, arguments));
    }
    return end;
  }

  /** Whether its object has ended, or cannot be that of a call. */
  boolean isOver() {
    return object.isEnded() || object.isFailed();
  }

  /** Whether it is a call: its name and its arguments were given out. */
  boolean isCall() {
    return begun;
  }

  /**
   * Ends a call.
   *
   * @param asExpected whether the text after its object is what is expected there
   */
  void end(boolean asExpected, Consumer<MessagePart> parts) {
    parts.accept(new MessagePart.CallEnd(index, object.isEnded() && asExpected));
  }

  /** Gives out as content what is no call. */
  void giveBack(Consumer<MessagePart> parts) {
    if (!text.isEmpty()) {
      parts.accept(new MessagePart.Content(text.toString()));
    }
  }
}

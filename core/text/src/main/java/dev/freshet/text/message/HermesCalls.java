package dev.freshet.text.message;

import dev.freshet.text.grammar.Grammars;
import java.util.function.Consumer;

/**
 * Tool calls as models of the Hermes and Qwen families write them: {@code <tool_call>{"name": …,
 * "arguments": {…}}</tool_call>}, any number of them. Text before the first is content; text
 * between and after calls is dropped, as in vLLM. The last end tag may be missing. A tag within a
 * string of the arguments is part of the string.
 */
final class HermesCalls implements MessageParser {
  private static final String START = "<tool_call>";
  private static final String END = "</tool_call>";

  static final Grammars.CallForm FORM =
      new Grammars.CallForm(START + "\n", "arguments", "\n" + END, "\n");

  /** Where the text is read. */
  private enum Place {
    OUTSIDE,
    OBJECT,
    AFTER_OBJECT
  }

  private final StringBuilder input = new StringBuilder();
  private Place place = Place.OUTSIDE;
  private CallSegment segment = new CallSegment(START, 0);

  /** The next character of the input. */
  private int at;

  private int calls;

  /** Whether text outside of calls is content. */
  private boolean isContent = true;

  /** Whether only spaces followed the object of the call. */
  private boolean asExpected;

  /** Whether a chat template asks for calls of this syntax. */
  static boolean isAskedBy(String template) {
    return template.contains(START)
        && !template.contains("<function=") // Qwen3-Coder's, in XML
        && !template.contains("<arg_key>"); // GLM's
  }

  @Override
  public void push(String text, Consumer<MessagePart> parts) {
    input.append(text);
    boolean more = true;
    while (more) {
      more =
          switch (place) {
            case OUTSIDE -> outside(parts);
            case OBJECT -> inObject(parts);
            case AFTER_OBJECT -> afterObject(parts);
          };
    }
    input.delete(0, at);
    at = 0;
  }

  /** Looks for a call; returns whether there may be one. */
  private boolean outside(Consumer<MessagePart> parts) {
    int start = input.indexOf(START, at);
    int end = start >= 0 ? start : input.length() - Tags.beginning(input, at, START);
    content(input.substring(at, end), parts);
    at = end;
    if (start < 0) {
      return false;
    }
    at += START.length();
    segment = new CallSegment(START, calls);
    place = Place.OBJECT;
    return true;
  }

  private void content(String text, Consumer<MessagePart> parts) {
    if (isContent && !text.isEmpty()) {
      parts.accept(new MessagePart.Content(text));
    }
  }

  /** Reads the object of a call; returns whether it is over. */
  private boolean inObject(Consumer<MessagePart> parts) {
    at = segment.read(input, at, parts);
    if (!segment.isOver()) {
      return false;
    }
    if (segment.isCall()) {
      asExpected = true;
      place = Place.AFTER_OBJECT;
    } else {
      segment.giveBack(parts);
      isContent = true;
      place = Place.OUTSIDE;
    }
    return true;
  }

  /** Looks for the end tag of a call; returns whether there is one. */
  private boolean afterObject(Consumer<MessagePart> parts) {
    int tag = input.indexOf(END, at);
    int end = tag >= 0 ? tag : input.length() - Tags.beginning(input, at, END);
    for (; at < end; at++) {
      asExpected &= Tags.isSpace(input.charAt(at));
    }
    if (tag < 0) {
      return false;
    }
    at += END.length();
    endCall(parts);
    return true;
  }

  private void endCall(Consumer<MessagePart> parts) {
    segment.end(asExpected, parts);
    calls++;
    isContent = false;
    place = Place.OUTSIDE;
  }

  @Override
  public void end(Consumer<MessagePart> parts) {
    switch (place) {
      case OUTSIDE -> content(input.toString(), parts);
      case OBJECT -> {
        if (segment.isCall()) {
          endCall(parts);
        } else {
          segment.giveBack(parts);
        }
      }
      case AFTER_OBJECT -> {
        asExpected &= input.isEmpty();
        endCall(parts);
      }
    }
  }
}

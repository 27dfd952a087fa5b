package dev.freshet.text.message;

import java.util.function.Consumer;

/**
 * Reasoning before the answer, between {@code <think>} and {@code </think>}. The first tag may be
 * missing, because many chat templates end the prompt with it; without the last, all is reasoning.
 * The text after it is parsed by another parser.
 */
final class ThinkTags implements MessageParser {
  private static final String START = "<think>";
  private static final String END = "</think>";
  private static final String CALL = "<tool_call>";

  /** Where the text is read. */
  private enum Place {
    BEGINNING,
    REASONING,
    ANSWER
  }

  private final MessageParser answer;
  private final boolean endsWithCall;
  private final StringBuilder input = new StringBuilder();
  private Place place = Place.BEGINNING;

  /**
   * @param endsWithCall whether a tool call ends the reasoning too
   * @param answer takes the text after the reasoning
   */
  ThinkTags(boolean endsWithCall, MessageParser answer) {
    this.endsWithCall = endsWithCall;
    this.answer = answer;
  }

  @Override
  public void push(String text, Consumer<MessagePart> parts) {
    if (place == Place.ANSWER) {
      answer.push(text, parts);
      return;
    }
    input.append(text);
    if (place == Place.BEGINNING) {
      begin();
    }
    if (place == Place.REASONING) {
      reason(parts);
    }
  }

  /** Skips the start tag and the spaces before it. */
  private void begin() {
    int from = 0;
    while (from < input.length() && Tags.isSpace(input.charAt(from))) {
      from++;
    }
    if (input.length() - from < START.length()
        && Tags.beginning(input, from, START) == input.length() - from) {
      return;
    }
    if (Tags.isAt(input, from, START)) {
      input.delete(0, from + START.length());
    }
    place = Place.REASONING;
  }

  private void reason(Consumer<MessagePart> parts) {
    int tag = input.indexOf(END);
    int call = endsWithCall ? input.indexOf(CALL) : -1;
    boolean called = call >= 0 && (tag < 0 || call < tag);
    int end = called ? call : tag;
    if (end < 0) {
      int held =
          Math.max(
              Tags.beginning(input, 0, END), endsWithCall ? Tags.beginning(input, 0, CALL) : 0);
      reasoning(input.length() - held, parts);
      return;
    }
    reasoning(end, parts);
    place = Place.ANSWER;
    answer.push(input.substring(called ? 0 : END.length()), parts);
    input.setLength(0);
  }

  /** Gives out the first characters of the input. */
  private void reasoning(int length, Consumer<MessagePart> parts) {
    if (length > 0) {
      parts.accept(new MessagePart.Reasoning(input.substring(0, length)));
      input.delete(0, length);
    }
  }

  @Override
  public void end(Consumer<MessagePart> parts) {
    reasoning(input.length(), parts);
    answer.end(parts);
  }
}

package dev.freshet.text.message;

import dev.freshet.text.grammar.Grammars;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Tool calls as models of the Llama 3 family write them: {@code {"name": …, "parameters": {…}}},
 * with or without {@code <|python_tag|>} before them, several separated by semicolons. Text before
 * the first is content; text between and after calls is dropped, as in vLLM. Any other object, and
 * Python code after the tag, is content.
 */
final class Llama3JsonCalls implements MessageParser {
  private static final String TAG = "<|python_tag|>";

  static final Grammars.CallForm FORM = new Grammars.CallForm("", "parameters", "", "; ");

  private final StringBuilder input = new StringBuilder();

  /** The object that is read. */
  private Optional<CallSegment> segment = Optional.empty();

  /** The next character of the input. */
  private int at;

  private int calls;

  /** Whether text outside of calls is content. */
  private boolean isContent = true;

  /** Whether a chat template asks for calls of this syntax. */
  static boolean isAskedBy(String template) {
    return template.contains(TAG) || template.contains("\"parameters\": dictionary of argument");
  }

  @Override
  public void push(String text, Consumer<MessagePart> parts) {
    input.append(text);
    boolean more = true;
    while (more) {
      more = segment.isPresent() ? inObject(segment.get(), parts) : outside(parts);
    }
    input.delete(0, at);
    at = 0;
  }

  /** Looks for an object; returns whether there may be one. */
  private boolean outside(Consumer<MessagePart> parts) {
    int start = at;
    while (start < input.length() && input.charAt(start) != '{' && !isTagAt(start)) {
      start++;
    }
    boolean found = start < input.length();
    int end = found ? start : start - Tags.beginning(input, at, TAG);
    content(input.substring(at, end), parts);
    at = end;
    if (!found) {
      return false;
    }
    boolean tagged = input.charAt(start) != '{';
    String before = tagged ? TAG : "";
    at += before.length();
    segment = Optional.of(new CallSegment(before, calls));
    return true;
  }

  private boolean isTagAt(int index) {
    return input.charAt(index) == TAG.charAt(0) && Tags.isAt(input, index, TAG);
  }

  private void content(String text, Consumer<MessagePart> parts) {
    if (isContent && !text.isEmpty()) {
      parts.accept(new MessagePart.Content(text));
    }
  }

  /** Reads an object; returns whether it is over. */
  private boolean inObject(CallSegment object, Consumer<MessagePart> parts) {
    at = object.read(input, at, parts);
    if (object.isOver()) {
      end(object, parts);
    }
    return object.isOver();
  }

  private void end(CallSegment object, Consumer<MessagePart> parts) {
    if (object.isCall()) {
      object.end(true, parts);
      calls++;
    } else {
      object.giveBack(parts);
    }
    isContent = !object.isCall();
    segment = Optional.empty();
  }

  @Override
  public void end(Consumer<MessagePart> parts) {
    segment.ifPresentOrElse(object -> end(object, parts), () -> content(input.toString(), parts));
  }
}

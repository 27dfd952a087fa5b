package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.http.JsonBuffer;
import dev.freshet.text.message.MessageParser;
import dev.freshet.text.message.MessagePart;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A message of a stream that has more than content: the parts of it that were not sent yet.
 * Confined to the connection's event loop.
 */
final class StreamedMessage {
  private static final byte[] REASONING = ascii("\"reasoning\":");
  private static final byte[] CONTENT = ascii("\"content\":");
  private static final byte[] CALLS = ascii("\"tool_calls\":[");

  /** What was not sent of one call: its name if it has just begun, and a piece of its arguments. */
  private record CallPiece(int index, Optional<String> name, StringBuilder arguments) {}

  private final AnswerShape shape;
  private final MessageParser parser;
  private final StringBuilder reasoning = new StringBuilder();
  private final StringBuilder content = new StringBuilder();
  private final List<CallPiece> calls = new ArrayList<>();
  private boolean called;

  StreamedMessage(AnswerShape shape) {
    this.shape = shape;
    this.parser = shape.messages().parser();
  }

  /** Appends text. */
  void push(String text) {
    if (!text.isEmpty()) {
      parser.push(text, this::take);
    }
  }

  /** Ends the message. */
  void end() {
    parser.end(this::take);
  }

  private void take(MessagePart part) {
    switch (part) {
      case MessagePart.Reasoning(String text) -> {
        if (shape.withReasoning()) {
          reasoning.append(text);
        }
      }
      case MessagePart.Content(String text) -> content.append(text);
      case MessagePart.CallBegin(int index, String name) -> {
        if (shape.hasCall(index)) {
          called = true;
          calls.add(new CallPiece(index, Optional.of(name), new StringBuilder()));
        }
      }
      case MessagePart.CallArguments(int index, String json) -> {
        if (shape.hasCall(index)) {
          if (calls.isEmpty()) {
            calls.add(new CallPiece(index, Optional.empty(), new StringBuilder()));
          }
          calls.getLast().arguments().append(json);
        }
      }
      case MessagePart.CallEnd _ -> {}
    }
  }

  /** Whether the message has tool calls so far. */
  boolean isCalled() {
    return called;
  }

  /** Whether a part of it was not sent. */
  boolean hasNews() {
    return !reasoning.isEmpty() || !content.isEmpty() || !calls.isEmpty();
  }

  /** An estimate of the bytes that it holds. */
  int heldBytes() {
    return reasoning.length()
        + content.length()
        + calls.stream().mapToInt(call -> call.arguments().length()).sum();
  }

  /** Writes what was not sent as the wire's delta object, and forgets it. */
  void write(JsonBuffer out) {
    out.raw('{');
    int fields = 0;
    if (!reasoning.isEmpty()) {
      out.comma(fields++).raw(REASONING).string(reasoning);
    }
    if (!content.isEmpty()) {
      out.comma(fields++).raw(CONTENT).string(content);
    }
    if (!calls.isEmpty()) {
      out.comma(fields).raw(CALLS);
      for (int i = 0; i < calls.size(); i++) {
        write(out.comma(i), calls.get(i));
      }
      out.raw(']');
    }
    out.raw('}');
    reasoning.setLength(0);
    content.setLength(0);
    calls.clear();
  }

  private static void write(JsonBuffer out, CallPiece call) {
    if (call.name().isPresent()) {
      CallJson.beginning(out, call.index(), call.name().get(), call.arguments());
    } else {
      CallJson.continuation(out, call.index(), call.arguments());
    }
  }
}

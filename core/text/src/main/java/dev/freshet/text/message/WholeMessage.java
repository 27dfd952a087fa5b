package dev.freshet.text.message;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/** Adds up the parts of a message. */
final class WholeMessage {
  private static final ObjectReader JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build().reader();

  private final StringBuilder reasoning = new StringBuilder();
  private final StringBuilder content = new StringBuilder();
  private final StringBuilder arguments = new StringBuilder();
  private final List<Message.Call> calls = new ArrayList<>();
  private String name = "";
  private boolean whole = true;

  private WholeMessage() {}

  static WholeMessage read(String text, MessageParser parser) {
    WholeMessage message = new WholeMessage();
    parser.push(text, message::take);
    parser.end(message::take);
    return message;
  }

  private void take(MessagePart part) {
    switch (part) {
      case MessagePart.Reasoning(String text) -> reasoning.append(text);
      case MessagePart.Content(String text) -> content.append(text);
      case MessagePart.CallBegin(_, String called) -> {
        name = called;
        arguments.setLength(0);
      }
      case MessagePart.CallArguments(_, String json) -> arguments.append(json);
      case MessagePart.CallEnd(_, boolean isWhole) -> {
        whole &= isWhole && isJson(arguments.toString());
        calls.add(new Message.Call(name, arguments.toString()));
      }
    }
  }

  private static boolean isJson(String text) {
    try {
      return !JSON.readTree(text).isMissingNode();
    } catch (JacksonException e) {
      return false;
    }
  }

  String reasoning() {
    return reasoning.toString();
  }

  String content() {
    return content.toString();
  }

  List<Message.Call> calls() {
    return calls;
  }

  /** Whether every call has JSON arguments and ends as its syntax demands. */
  boolean isWhole() {
    return whole;
  }
}

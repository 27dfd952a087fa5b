package dev.freshet.text.message;

import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectMapper;

/**
 * Reads the JSON object of one tool call character by character: {@code "name"} with a string, and
 * {@code "arguments"} or {@code "parameters"} with any value, in either order, beside other fields.
 * Of the arguments it sees only where they end; whether they are JSON in every detail is not
 * checked. Not thread-safe.
 */
final class CallText {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What may be outside of strings, in addition to ASCII letters, digits and spaces. */
  private static final String PUNCTUATION = "{}[],:\"+-.";

  /** What is expected next. */
  private enum Phase {
    OBJECT,
    FIRST_KEY,
    KEY,
    IN_KEY,
    COLON,
    VALUE,
    IN_VALUE,
    AFTER_VALUE,
    ENDED,
    FAILED
  }

  /** Whose value is read. */
  private enum Field {
    NAME,
    ARGUMENTS,
    OTHER
  }

  private final StringBuilder text = new StringBuilder();
  private final StringBuilder arguments = new StringBuilder();
  private Phase phase = Phase.OBJECT;
  private Field field = Field.OTHER;
  private Optional<String> name = Optional.empty();
  private boolean hasArguments;
  private int depth;
  private boolean inString;
  private boolean escaped;

  /** Reads from {@code from} on to the end of the object or the first fault; returns where. */
  int read(CharSequence in, int from) {
    int at = from;
    while (at < in.length() && !isEnded() && !isFailed()) {
      take(in.charAt(at++));
    }
    return at;
  }

  /** Whether the object has ended. */
  boolean isEnded() {
    return phase == Phase.ENDED;
  }

  /** Whether the last character that was read cannot be part of such an object. */
  boolean isFailed() {
    return phase == Phase.FAILED;
  }

  /** The name, once the arguments have begun too. */
  Optional<String> name() {
    return hasArguments ? name : Optional.empty();
  }

  /** The arguments that were read since the last call of this method. */
  String takeArguments() {
    String taken = arguments.toString();
    arguments.setLength(0);
    return taken;
  }

  private void take(char c) {
    if (phase == Phase.IN_KEY || phase == Phase.IN_VALUE) {
      inside(c);
    } else if (!Tags.isSpace(c)) {
      between(c);
    }
  }

  /** Takes a character that is neither space nor within a key or value. */
  private void between(char c) {
    phase =
        switch (phase) {
          case OBJECT -> c == '{' ? Phase.FIRST_KEY : Phase.FAILED;
          case FIRST_KEY -> c == '}' ? Phase.ENDED : key(c);
          case KEY -> key(c);
          case COLON -> c == ':' ? Phase.VALUE : Phase.FAILED;
          case AFTER_VALUE ->
              switch (c) {
                case ',' -> Phase.KEY;
                case '}' -> Phase.ENDED;
                default -> Phase.FAILED;
              };
          default -> Phase.IN_VALUE;
        };
    if (phase == Phase.IN_VALUE) {
      beginValue(c);
    }
  }

  private Phase key(char c) {
    if (c != '"') {
      return Phase.FAILED;
    }
    text.setLength(0);
    text.append(c);
    inString = true;
    return Phase.IN_KEY;
  }

  private void beginValue(char c) {
    boolean expected =
        switch (field) {
          case NAME -> name.isEmpty() && c == '"';
          case ARGUMENTS -> !hasArguments;
          case OTHER -> true;
        };
    if (!expected) {
      phase = Phase.FAILED;
      return;
    }
    hasArguments |= field == Field.ARGUMENTS;
    text.setLength(0);
    depth = 0;
    inside(c);
  }

  /** Takes a character of a key or a value, or the one that ends a number or a word. */
  private void inside(char c) {
    if (inString) {
      append(c);
      if (escaped) {
        escaped = false;
      } else if (c == '\\') {
        escaped = true;
      } else if (c == '"') {
        inString = false;
        endIfOutermost();
      }
      return;
    }
    boolean closing = c == '}' || c == ']';
    if (depth == 0 && (closing || c == ',' || Tags.isSpace(c))) {
      end();
      take(c);
    } else if (isJson(c)) {
      append(c);
      inString = c == '"';
      depth += c == '{' || c == '[' ? 1 : closing ? -1 : 0;
      if (closing) {
        endIfOutermost();
      }
    } else {
      phase = Phase.FAILED;
    }
  }

  private static boolean isJson(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || PUNCTUATION.indexOf(c) >= 0
        || Tags.isSpace(c);
  }

  private void append(char c) {
    if (phase == Phase.IN_KEY || field == Field.NAME) {
      text.append(c);
    } else if (field == Field.ARGUMENTS) {
      arguments.append(c);
    }
  }

  private void endIfOutermost() {
    if (depth == 0) {
      end();
    }
  }

  private void end() {
    if (phase == Phase.IN_KEY) {
      phase = Phase.COLON;
      field =
          switch (string()) {
            case "name" -> Field.NAME;
            case "arguments", "parameters" -> Field.ARGUMENTS;
            default -> Field.OTHER;
          };
      return;
    }
    phase = Phase.AFTER_VALUE;
    if (field == Field.NAME) {
      name = Optional.of(string());
      if (name.get().isEmpty()) {
        phase = Phase.FAILED;
      }
    }
  }

  /** The string that was read; empty if its escapes are malformed. */
  private String string() {
    try {
      return JSON.readValue(text.toString(), String.class);
    } catch (JacksonException e) {
      return "";
    }
  }
}

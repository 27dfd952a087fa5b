package dev.freshet.wire;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads one JSON document in a single pass. Every error is a {@link WireException} with the place
 * (such as {@code choices/0/text}) and what was expected there. After reading a value the current
 * token is the last of that value.
 */
public final class WireReader implements AutoCloseable {
  private static final JsonFactory LENIENT = new JsonFactory();
  private static final JsonFactory STRICT =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final JsonParser parser;

  private WireReader(JsonParser parser) {
    this.parser = parser;
  }

  /** A reader of requests: a repeated field is an error. */
  static WireReader strict(byte[] json) {
    return new WireReader(STRICT.createParser(ObjectReadContext.empty(), json));
  }

  /** A reader of answers: every value of a repeated field is read. */
  public static WireReader lenient(byte[] json, int offset, int length) {
    return new WireReader(LENIENT.createParser(ObjectReadContext.empty(), json, offset, length));
  }

  /** Reads the document, which must be one object; {@code field} reads or skips each value. */
  public void document(Consumer<String> field) {
    next();
    fields(field);
    if (next() != null) {
      throw new WireException("expected nothing after the JSON object");
    }
  }

  /** Reads the current object; {@code field} reads or skips each value. */
  public void fields(Consumer<String> field) {
    if (token() != JsonToken.START_OBJECT) {
      throw expected("an object");
    }
    while (next() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      next();
      field.accept(name);
    }
    if (token() != JsonToken.END_OBJECT) {
      throw new WireException("malformed JSON: the document ends within an object");
    }
  }

  /** Reads the current array; {@code element} reads or skips each value. */
  public void elements(Runnable element) {
    if (token() != JsonToken.START_ARRAY) {
      throw expected("a list");
    }
    while (next() != JsonToken.END_ARRAY) {
      element.run();
    }
  }

  public boolean isNull() {
    return token() == JsonToken.VALUE_NULL;
  }

  boolean isText() {
    return token() == JsonToken.VALUE_STRING;
  }

  boolean isList() {
    return token() == JsonToken.START_ARRAY;
  }

  public String text() {
    if (!isText()) {
      throw expected("a string");
    }
    return guarded(parser::getString);
  }

  public boolean bool() {
    return switch (token()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw expected("true or false");
    };
  }

  public int integer() {
    if (token() != JsonToken.VALUE_NUMBER_INT) {
      throw expected("an integer");
    }
    return guarded(parser::getIntValue);
  }

  long longInteger() {
    if (token() != JsonToken.VALUE_NUMBER_INT) {
      throw expected("an integer");
    }
    return guarded(parser::getLongValue);
  }

  public double number() {
    if (token() != JsonToken.VALUE_NUMBER_INT && token() != JsonToken.VALUE_NUMBER_FLOAT) {
      throw expected("a number");
    }
    return guarded(parser::getDoubleValue);
  }

  /** The current string or number as text; any other value is skipped. */
  public Optional<String> scalar() {
    return switch (token()) {
      case VALUE_STRING, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
          Optional.of(guarded(parser::getString));
      default -> {
        skip();
        yield Optional.empty();
      }
    };
  }

  /** Skips the current value. */
  public void skip() {
    guarded(parser::skipChildren);
  }

  /** An error at the current place. */
  public WireException expected(String what) {
    return new WireException("%s: expected %s, got %s".formatted(place(), what, found()));
  }

  private String place() {
    String pointer = parser.streamReadContext().pathAsPointer().toString();
    return pointer.isEmpty() ? "body" : pointer.substring(1);
  }

  private String found() {
    return switch (token()) {
      case START_OBJECT, END_OBJECT -> "an object";
      case START_ARRAY, END_ARRAY -> "a list";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "the number " + parser.getString();
      case VALUE_TRUE -> "true";
      case VALUE_FALSE -> "false";
      case VALUE_NULL -> "null";
      default -> "nothing";
    };
  }

  private JsonToken token() {
    JsonToken token = parser.currentToken();
    return token == null ? JsonToken.NOT_AVAILABLE : token;
  }

  private @Nullable JsonToken next() {
    return guarded(parser::nextToken);
  }

  private <T extends @Nullable Object> T guarded(Supplier<T> read) {
    try {
      return read.get();
    } catch (JacksonException e) {
      throw new WireException(
          "malformed JSON at line %d, column %d: %s"
              .formatted(
                  e.getLocation().getLineNr(),
                  e.getLocation().getColumnNr(),
                  e.getOriginalMessage().lines().findFirst().orElse("")),
          e);
    }
  }

  @Override
  public void close() {
    parser.close();
  }
}

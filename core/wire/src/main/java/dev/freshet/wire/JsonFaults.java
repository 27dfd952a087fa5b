package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;

/**
 * The errors of a document that is being read, at the place that its parser has reached: the place,
 * what was expected there and what was found. What a message quotes of the document is bounded and
 * escaped.
 */
final class JsonFaults {
  /** The most characters of a place in a message. */
  private static final int MAX_PLACE = 80;

  /** How many bytes before and after a fault of syntax a message quotes. */
  private static final int BEFORE = 16;

  private static final int AFTER = 8;

  private final JsonParser parser;
  private final byte[] json;

  JsonFaults(JsonParser parser, byte[] json) {
    this.parser = parser;
    this.json = json;
  }

  /** The place, such as {@code choices/0/text}. */
  String place() {
    String pointer = parser.streamReadContext().pathAsPointer().toString();
    if (pointer.isEmpty()) {
      return "body";
    }
    return pointer.length() <= MAX_PLACE
        ? Quoted.escaped(pointer.substring(1))
        : Quoted.escaped(pointer.substring(1, MAX_PLACE)) + "…";
  }

  /** The current value is not {@code what}. */
  WireException expected(String what) {
    return new WireException("%s: expected %s, got %s".formatted(place(), what, found()));
  }

  private String found() {
    return switch (token()) {
      case START_OBJECT, END_OBJECT -> "an object";
      case START_ARRAY, END_ARRAY -> "a list";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "the number " + shortened(parser.getString());
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

  private static String shortened(String number) {
    return number.length() <= Quoted.MAX ? number : number.substring(0, Quoted.MAX) + "…";
  }

  /** A name or number is longer, or nesting deeper, than the reader of requests takes. */
  WireException overLimit(StreamConstraintsException e) {
    return new WireException(
        "%s: expected names and numbers of at most %d characters, and at most %d levels of nesting"
            .formatted(place(), WireReader.MAX_LENGTH, WireReader.MAX_DEPTH),
        e);
  }

  /** An error of syntax, in our own words: the library's name its classes and switches. */
  WireException malformed(JacksonException e) {
    TokenStreamLocation at = e.getLocation() == null ? parser.currentLocation() : e.getLocation();
    String what =
        e instanceof UnexpectedEndOfInputException
            ? "the document ends early"
            : "expected JSON" + excerpt(at);
    return new WireException(
        "malformed JSON at line %d, column %d: %s"
            .formatted(at.getLineNr(), at.getColumnNr(), what),
        e);
  }

  private String excerpt(TokenStreamLocation at) {
    int fault = Math.clamp(at.getByteOffset(), 0, json.length);
    byte[] bytes =
        Arrays.copyOfRange(json, Math.max(0, fault - BEFORE), Math.min(json.length, fault + AFTER));
    return bytes.length == 0
        ? ""
        : ", got " + Quoted.of(new String(bytes, StandardCharsets.ISO_8859_1));
  }
}

package dev.freshet.wire;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads one JSON document in a single pass. Every error is a {@link WireException} with the place
 * (such as {@code choices/0/text}) and what was expected there; what it quotes of the document is
 * bounded and escaped. After reading a value the current token is the last of that value.
 */
public final class WireReader implements AutoCloseable {
  /** The most levels of nested lists and objects in a request. */
  static final int MAX_DEPTH = 64;

  /** The most characters of a name, and of a number. */
  static final int MAX_LENGTH = 1000;

  private static final JsonFactory LENIENT = new JsonFactory();
  private static final JsonFactory STRICT =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNameLength(MAX_LENGTH)
                  .maxNumberLength(MAX_LENGTH)
                  .build())
          .build();

  private final JsonParser parser;
  private final JsonFaults faults;
  private final boolean strict;

  private WireReader(JsonParser parser, byte[] json, boolean strict) {
    this.parser = parser;
    this.faults = new JsonFaults(parser, json);
    this.strict = strict;
  }

  /**
   * A reader of requests: a repeated field, an unpaired surrogate, more than {@value #MAX_DEPTH}
   * levels of nesting, and a name or a number of more than {@value #MAX_LENGTH} characters are
   * errors.
   */
  static WireReader strict(byte[] json) {
    return new WireReader(STRICT.createParser(ObjectReadContext.empty(), json), json, true);
  }

  /**
   * The same for a body of at most {@code maxBytes}.
   *
   * @throws WireException if it has more
   */
  static WireReader strict(byte[] json, int maxBytes) {
    if (json.length > maxBytes) {
      throw new WireException(
          "body: expected at most %d bytes, got %d".formatted(maxBytes, json.length));
    }
    return strict(json);
  }

  /**
   * The object that a text has; the rules are those of requests.
   *
   * @throws WireException if it has none
   */
  public static Map<String, @Nullable Object> object(String json) {
    try (WireReader in = strict(json.getBytes(StandardCharsets.UTF_8))) {
      Map<String, @Nullable Object> object = new LinkedHashMap<>();
      in.document(name -> object.put(name, in.value()));
      return object;
    }
  }

  /** A reader of answers: every value of a repeated field is read. */
  public static WireReader lenient(byte[] json, int offset, int length) {
    return new WireReader(
        LENIENT.createParser(ObjectReadContext.empty(), json, offset, length), json, false);
  }

  /** Reads the document, which must be one object; {@code field} reads or skips each value. */
  public void document(Consumer<String> field) {
    next();
    fields(field);
    if (next() != null) {
      throw new WireException("expected nothing after the JSON object");
    }
  }

  /** As {@link #document}, where null equals an absent field. */
  void documentWithoutNulls(BiConsumer<String, WireReader> field) {
    document(
        name -> {
          if (!isNull()) {
            field.accept(name, this);
          }
        });
  }

  /** Reads the current object; {@code field} reads or skips each value. */
  public void fields(Consumer<String> field) {
    if (token() != JsonToken.START_OBJECT) {
      throw expected("an object");
    }
    Set<String> names = new HashSet<>();
    while (next() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      if (strict && !names.add(name)) {
        throw new WireException(faults.place() + ": expected once, got it again");
      }
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

  /** Reads the current array, of at most {@code most} elements. */
  void elements(int most, Runnable element) {
    String place = faults.place();
    var read =
        new Object() {
          int count;
        };
    elements(
        () -> {
          if (++read.count > most) {
            throw new WireException(
                "%s: expected at most %d elements, got more".formatted(place, most));
          }
          element.run();
        });
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
    String text = guarded(parser::getString);
    if (strict) {
      requireWellFormed(text);
    }
    return text;
  }

  private void requireWellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new WireException(
            "%s: expected Unicode text, got the unpaired surrogate \\u%04x at character %d"
                .formatted(faults.place(), (int) c, i));
      }
    }
  }

  public boolean bool() {
    return switch (token()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw expected("true or false");
    };
  }

  public int integer() {
    return integer(Integer.MIN_VALUE);
  }

  /** An integer of at least {@code least}. */
  int integer(int least) {
    return (int) whole(least, Integer.MAX_VALUE);
  }

  public long longInteger() {
    return whole(Long.MIN_VALUE, Long.MAX_VALUE);
  }

  private long whole(long least, long most) {
    if (token() != JsonToken.VALUE_NUMBER_INT) {
      throw expected("an integer");
    }
    if (guarded(parser::getNumberType) != JsonParser.NumberType.BIG_INTEGER) {
      long value = guarded(parser::getLongValue);
      if (value >= least && value <= most) {
        return value;
      }
    }
    throw expected("an integer from %d to %d".formatted(least, most));
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

  /**
   * The current value as a {@code Map} in the document's order, {@code List}, {@code String},
   * {@code Boolean}, {@code Long}, {@code BigInteger}, {@code Double} or null.
   */
  @Nullable Object value() {
    return switch (token()) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        fields(name -> object.put(name, value()));
        yield object;
      }
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        elements(() -> list.add(value()));
        yield list;
      }
      case VALUE_STRING -> text();
      case VALUE_TRUE, VALUE_FALSE -> bool();
      case VALUE_NUMBER_INT -> {
        Number number = guarded(parser::getNumberValue);
        yield number instanceof BigInteger ? number : (Object) number.longValue();
      }
      case VALUE_NUMBER_FLOAT -> number();
      case VALUE_NULL -> null;
      default -> throw expected("a value");
    };
  }

  /** Skips the current value. */
  public void skip() {
    guarded(parser::skipChildren);
  }

  /**
   * Skips the current value of a request.
   *
   * @throws WireException if it has more than {@code maxBytes}
   */
  void skip(int maxBytes) {
    skip(faults.place(), parser.currentTokenLocation().getByteOffset() + maxBytes, maxBytes);
  }

  private void skip(String place, long end, int maxBytes) {
    switch (token()) {
      case START_OBJECT -> fields(_ -> skip(place, end, maxBytes));
      case START_ARRAY -> elements(() -> skip(place, end, maxBytes));
      case VALUE_STRING -> guarded(parser::getStringLength);
      default -> {}
    }
    if (parser.currentLocation().getByteOffset() > end) {
      throw new WireException("%s: expected at most %d bytes, got more".formatted(place, maxBytes));
    }
  }

  /** An error at the current place. */
  public WireException expected(String what) {
    return faults.expected(what);
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
    } catch (StreamConstraintsException e) {
      throw faults.overLimit(e);
    } catch (JacksonException e) {
      throw faults.malformed(e);
    }
  }

  @Override
  public void close() {
    parser.close();
  }
}

package dev.freshet.wire;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes one JSON object. */
public final class WireWriter {
  private static final JsonFactory JSON = new JsonFactory();

  private WireWriter() {}

  /** The UTF-8 bytes of an object with the fields that {@code fields} writes. */
  public static byte[] object(Consumer<JsonGenerator> fields) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(256);
    try (JsonGenerator generator = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
      generator.writeStartObject();
      fields.accept(generator);
      generator.writeEndObject();
    }
    return out.toByteArray();
  }

  /** Writes a value as {@link WireReader} reads it. */
  static void value(@Nullable Object value, JsonGenerator out) {
    switch (value) {
      case null -> out.writeNull();
      case Map<?, ?> object -> {
        out.writeStartObject();
        object.forEach(
            (name, one) -> {
              out.writeName(String.valueOf(name));
              value(one, out);
            });
        out.writeEndObject();
      }
      case List<?> list -> {
        out.writeStartArray();
        list.forEach(one -> value(one, out));
        out.writeEndArray();
      }
      case Boolean flag -> out.writeBoolean(flag);
      case Long number -> out.writeNumber(number);
      case BigInteger number -> out.writeNumber(number);
      case Double number -> out.writeNumber(number);
      default -> out.writeString(String.valueOf(value));
    }
  }
}

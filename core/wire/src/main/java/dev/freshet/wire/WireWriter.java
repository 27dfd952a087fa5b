package dev.freshet.wire;

import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;
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
}

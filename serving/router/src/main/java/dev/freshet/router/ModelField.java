package dev.freshet.router;

import dev.freshet.wire.WireWriter;
import java.io.ByteArrayOutputStream;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The field {@code model} of a JSON body, whose value is replaced without touching another byte. A
 * field of that name inside another value, such as a prompt, is not it.
 */
final class ModelField {
  private static final String NAME = "model";
  private static final JsonFactory JSON = new JsonFactory();

  private ModelField() {}

  /** The bytes of the value, its quotes included. */
  private record Place(int start, int end) {}

  /** The body with {@code model} as its model; empty if its model is not {@code alias}. */
  static Optional<byte[]> replaced(byte[] body, String alias, String model) {
    return find(body, alias).map(place -> replaced(body, place, model));
  }

  private static byte[] replaced(byte[] body, Place place, String model) {
    byte[] object = WireWriter.object(out -> out.writeStringProperty(NAME, model));
    int value = NAME.length() + "{'':".length();
    ByteArrayOutputStream out = new ByteArrayOutputStream(body.length + object.length);
    out.write(body, 0, place.start());
    out.write(object, value, object.length - value - 1);
    out.write(body, place.end(), body.length - place.end());
    return out.toByteArray();
  }

  /** Of a repeated field the last counts, as for the servers. */
  private static Optional<Place> find(byte[] body, String alias) {
    Optional<Place> found = Optional.empty();
    try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), body)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      while (in.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean model = in.currentName().equals(NAME);
        JsonToken value = in.nextToken();
        if (model) {
          found =
              value == JsonToken.VALUE_STRING && in.getString().equals(alias)
                  ? Optional.of(place(in))
                  : Optional.empty();
        }
        in.skipChildren();
      }
      return found;
    } catch (JacksonException e) {
      return Optional.empty(); // Not JSON: the replica answers what is wrong with it.
    }
  }

  private static Place place(JsonParser in) {
    return new Place(
        (int) in.currentTokenLocation().getByteOffset(),
        (int) in.currentLocation().getByteOffset());
  }
}

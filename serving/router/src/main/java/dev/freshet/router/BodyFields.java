package dev.freshet.router;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What the policies read of a JSON body: fields of the document itself, never text inside a prompt
 * that looks like one. A body that is not a JSON object has none.
 *
 * @param session {@code session_params.session_id}, else {@code user}
 * @param promptStart where the value of the prompt begins, in bytes
 */
record BodyFields(Optional<String> session, OptionalInt promptStart) {
  /** A larger body is not parsed, because that would hold the event loop up. */
  static final int MAX_BYTES = 1 << 20;

  private static final BodyFields NONE = new BodyFields(Optional.empty(), OptionalInt.empty());
  private static final JsonFactory JSON = new JsonFactory();
  private static final Set<String> PROMPTS =
      Set.of("prompt", "messages", "token_ids", "input_ids", "text", "input");

  /** Reads a body. */
  static BodyFields of(byte[] body) {
    if (body.length == 0 || body.length > MAX_BYTES) {
      return NONE;
    }
    try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), body)) {
      return read(in);
    } catch (JacksonException e) {
      return NONE; // Not JSON: the replica answers what is wrong with it.
    }
  }

  private static BodyFields read(JsonParser in) {
    Optional<String> session = Optional.empty();
    Optional<String> user = Optional.empty();
    OptionalInt prompt = OptionalInt.empty();
    if (in.nextToken() != JsonToken.START_OBJECT) {
      return NONE;
    }
    while (in.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      if (PROMPTS.contains(name) && prompt.isEmpty()) {
        prompt = OptionalInt.of((int) in.currentTokenLocation().getByteOffset());
      }
      if (name.equals("user") && value == JsonToken.VALUE_STRING) {
        user = Optional.of(in.getString());
      } else if (name.equals("session_params") && value == JsonToken.START_OBJECT) {
        session = sessionId(in);
      } else {
        in.skipChildren();
      }
    }
    return new BodyFields(session.or(nonEmpty(user)), prompt);
  }

  /** The session that a request to finish it names in its body. */
  static Optional<String> finished(byte[] body) {
    try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), body)) {
      return body.length > 0 && in.nextToken() == JsonToken.START_OBJECT
          ? sessionId(in)
          : Optional.empty();
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  private static Supplier<Optional<String>> nonEmpty(Optional<String> text) {
    return () -> text.filter(value -> !value.isEmpty());
  }

  private static Optional<String> sessionId(JsonParser in) {
    Optional<String> id = Optional.empty();
    while (in.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      if (name.equals("session_id") && value != null && value.isScalarValue()) {
        id = Optional.of(in.getString()).filter(text -> !text.isEmpty());
      } else {
        in.skipChildren();
      }
    }
    return id;
  }
}

package dev.freshet.wire;

import static dev.freshet.wire.WireWriter.object;

import java.util.function.Function;

/** The shape that errors of Anthropic's API have: {@code {"type":"error","error":{…}}}. */
public final class AnthropicErrors {
  static final String MESSAGES = "/v1/messages";

  private static final String COUNT = MESSAGES + "/count_tokens";

  private AnthropicErrors() {}

  /**
   * How errors of a path are written: of Anthropic's routes, also below a session, in its shape.
   */
  public static Function<ErrorBody, byte[]> orPlain(String path) {
    return path.endsWith(MESSAGES) || path.endsWith(COUNT)
        ? AnthropicErrors::toJson
        : ErrorBody::toJson;
  }

  /** The JSON object, UTF-8. */
  public static byte[] toJson(ErrorBody error) {
    String type =
        switch (error.code()) {
          case "invalid_api_key", "unauthorized" -> "authentication_error";
          case "body_too_large" -> "request_too_large";
          default ->
              switch (error.type()) {
                case "internal_error", "upstream_error" -> "api_error";
                case "conflict_error" -> "invalid_request_error";
                default -> error.type();
              };
        };
    return object(
        out -> {
          out.writeStringProperty("type", "error");
          out.writeObjectPropertyStart("error");
          out.writeStringProperty("type", type);
          out.writeStringProperty("message", error.message());
          out.writeEndObject();
        });
  }
}

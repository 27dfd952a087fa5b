package dev.freshet.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * The event that ends an event stream which failed, in the shape that clients of its route read:
 * {@code event: error} for Anthropic's messages and OpenAI's responses, data without a name for
 * every other route.
 */
public final class ErrorEvents {
  private static final String RESPONSES = "/v1/responses";

  private ErrorEvents() {}

  /** The event for the stream of a path, which may be below a session. */
  public static byte[] of(String path, ErrorBody error) {
    if (path.endsWith(AnthropicErrors.MESSAGES)) {
      return event("event: error\ndata: ", AnthropicErrors.toJson(error));
    }
    if (path.endsWith(RESPONSES)) {
      return event("event: error\ndata: ", response(error));
    }
    return event("data: ", error.toJson());
  }

  /**
   * OpenAI's {@code error} event. Its documentation has the fields at the top; its clients raise an
   * error for the object {@code error}, which its servers send.
   */
  private static byte[] response(ErrorBody error) {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("type", "error");
          out.writeStringProperty("code", error.code());
          out.writeStringProperty("message", error.message());
          out.writeNullProperty("param");
          out.writeObjectPropertyStart("error");
          out.writeStringProperty("type", error.type());
          out.writeStringProperty("code", error.code());
          out.writeStringProperty("message", error.message());
          out.writeNullProperty("param");
          out.writeEndObject();
        });
  }

  private static byte[] event(String start, byte[] data) {
    ByteArrayOutputStream event = new ByteArrayOutputStream(start.length() + data.length + 2);
    event.writeBytes(start.getBytes(StandardCharsets.US_ASCII));
    event.writeBytes(data);
    event.writeBytes(new byte[] {'\n', '\n'});
    return event.toByteArray();
  }
}

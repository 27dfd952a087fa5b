package dev.freshet.wire;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * An error on the wire: {@code {"error":{"message","type","code"}}}.
 *
 * @param message one line: what, where, what was expected
 * @param type the kind of error, as {@code invalid_request_error}
 * @param code the exact error, as {@code model_not_found}
 */
public record ErrorBody(String message, String type, String code) {
  private static final int EXCERPT = 200;

  /** The JSON object, UTF-8. */
  public byte[] toJson() {
    return WireWriter.object(
        out -> {
          out.writeObjectPropertyStart("error");
          out.writeStringProperty("message", message);
          out.writeStringProperty("type", type);
          out.writeStringProperty("code", code);
          out.writeEndObject();
        });
  }

  /** The error in {@code json}; any other body becomes an error that quotes its beginning. */
  public static ErrorBody parse(byte[] json, int status) {
    try {
      Optional<ErrorBody> error = find(json);
      if (error.isPresent()) {
        return error.get();
      }
    } catch (WireException notJson) {
      // A proxy's page, say: quoted below like every other body that is not an error object.
    }
    String text = new String(json, 0, Math.min(json.length, EXCERPT), StandardCharsets.UTF_8);
    return new ErrorBody(
        text.isBlank() ? "no message" : text.strip().replaceAll("\\s+", " "),
        "http_error",
        Integer.toString(status));
  }

  /** The error in {@code json}, if it is an object that has one. */
  static Optional<ErrorBody> find(byte[] json) {
    try (WireReader in = WireReader.lenient(json, 0, json.length)) {
      Fields fields = new Fields();
      in.document(
          name -> {
            if (name.equals("error")) {
              fields.read(in);
            } else {
              in.skip();
            }
          });
      return fields.found();
    }
  }

  /** Collects the fields of an error object; servers differ in the types they give them. */
  public static final class Fields {
    private boolean seen;
    private String message = "no message";
    private String type = "error";
    private String code = "unknown";

    /** Reads the value that the reader stands on. */
    public void read(WireReader in) {
      if (in.isNull()) {
        return;
      }
      seen = true;
      if (in.isText()) {
        message = in.text();
        return;
      }
      in.fields(
          name -> {
            switch (name) {
              case "message" -> message = in.isText() ? in.text() : skipped(in, message);
              case "type" -> type = in.isText() ? in.text() : skipped(in, type);
              case "code" -> code = in.scalar().orElse(code);
              default -> in.skip();
            }
          });
    }

    private static String skipped(WireReader in, String unchanged) {
      in.skip();
      return unchanged;
    }

    public Optional<ErrorBody> found() {
      return seen ? Optional.of(new ErrorBody(message, type, code)) : Optional.empty();
    }
  }
}

package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * An error on the wire: {@code {"error":{"message","type","param","code"}}}.
 *
 * @param message one line: what failed, where, and what was expected
 * @param type the kind of error, such as {@code invalid_request_error}
 * @param code the exact error, such as {@code model_not_found}
 * @param param the field of the request that is wrong, if it is one
 */
public record ErrorBody(String message, String type, String code, Optional<String> param) {
  private static final int EXCERPT = 200;

  /** An error that is not one of a field. */
  public ErrorBody(String message, String type, String code) {
    this(message, type, code, Optional.empty());
  }

  /** The JSON object, UTF-8. */
  public byte[] toJson() {
    return WireWriter.object(
        out -> {
          out.writeObjectPropertyStart("error");
          out.writeStringProperty("message", message);
          out.writeStringProperty("type", type);
          out.writeName("param");
          param.ifPresentOrElse(out::writeString, out::writeNull);
          out.writeStringProperty("code", code);
          out.writeEndObject();
        });
  }

  /** Parses an error; any other body becomes an error that quotes its first characters. */
  public static ErrorBody parse(byte[] json, int status) {
    try {
      Optional<ErrorBody> error = find(json);
      if (error.isPresent()) {
        return error.get();
      }
    } catch (WireException notJson) {
      // For example a proxy's page: quoted below, like every body without an error object.
    }
    String text = new String(json, 0, Math.min(json.length, EXCERPT), StandardCharsets.UTF_8);
    return new ErrorBody(
        text.isBlank() ? "no message" : Quoted.escaped(text.strip().replaceAll("\\s+", " ")),
        "http_error",
        Integer.toString(status));
  }

  /** The error in a JSON object, if it has one. */
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

  /** Collects the fields of an error object, whose types differ between servers. */
  public static final class Fields {
    private boolean seen;
    private String message = "no message";
    private String type = "error";
    private String code = "unknown";

    /** Reads the reader's current value. */
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

    /** The error, if one was read. */
    public Optional<ErrorBody> found() {
      return seen ? Optional.of(new ErrorBody(message, type, code)) : Optional.empty();
    }
  }
}

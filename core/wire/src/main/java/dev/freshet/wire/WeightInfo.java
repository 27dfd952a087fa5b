package dev.freshet.wire;

import java.util.Optional;

/**
 * The answer to {@code GET /weight_info}.
 *
 * @param weightVersion the version of the weights that the next token is made with
 */
public record WeightInfo(String weightVersion) {
  /**
   * Reads an answer; fields it does not know are passed over.
   *
   * @throws WireException if it lacks the version
   */
  public static WeightInfo parse(byte[] json) {
    var fields =
        new Object() {
          Optional<String> version = Optional.empty();
        };
    try (WireReader in = WireReader.lenient(json, 0, json.length)) {
      in.document(
          name -> {
            if (name.equals("weight_version")) {
              fields.version = in.scalar();
            } else {
              in.skip();
            }
          });
    }
    return new WeightInfo(
        fields.version.orElseThrow(
            () -> new WireException("weight_version: expected a version, got nothing")));
  }

  /** The answer, UTF-8. */
  public byte[] toJson() {
    return WireWriter.object(out -> out.writeStringProperty("weight_version", weightVersion));
  }
}

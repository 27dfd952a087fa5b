package dev.freshet.wire;

import java.util.Optional;

/**
 * The answer to {@code GET /weight_info}.
 *
 * @param weightVersion the version of the weights that generate the next token
 */
public record WeightInfo(String weightVersion) {
  /**
   * Parses an answer; unknown fields are skipped.
   *
   * @throws WireException if the version is missing
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

  /** The JSON, UTF-8. */
  public byte[] toJson() {
    return WireWriter.object(out -> out.writeStringProperty("weight_version", weightVersion));
  }
}

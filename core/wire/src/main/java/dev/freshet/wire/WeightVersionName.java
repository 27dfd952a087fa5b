package dev.freshet.wire;

import java.util.Optional;

/** The body of {@code POST /update_weight_version} of vLLM and SGLang: {@code {"new_version"}}. */
public final class WeightVersionName {
  private static final int MAX_BYTES = 64 << 10;
  private static final int MAX_LENGTH = 256;

  private WeightVersionName() {}

  /**
   * Parses the name.
   *
   * @throws WireException if there is none, or it is empty or longer than 256 characters
   */
  public static String parse(byte[] json) {
    var fields =
        new Object() {
          Optional<String> name = Optional.empty();
        };
    try (WireReader in = WireReader.strict(json, MAX_BYTES)) {
      in.document(
          field -> {
            if (field.equals("new_version")) {
              fields.name = Optional.of(in.text());
            } else {
              in.skip();
            }
          });
    }
    return fields
        .name
        .filter(name -> !name.isEmpty() && name.length() <= MAX_LENGTH)
        .orElseThrow(
            () ->
                new WireException(
                    "new_version: expected a text of 1 to %d characters".formatted(MAX_LENGTH)));
  }
}

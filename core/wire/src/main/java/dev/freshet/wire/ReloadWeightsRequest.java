package dev.freshet.wire;

import dev.freshet.trace.Quoted;

/**
 * The body of {@code POST /reload_weights}: empty, or an object.
 *
 * @param mode what happens to running completions; {@code keep} by default
 */
public record ReloadWeightsRequest(UpdateMode mode) {
  /**
   * Parses a request body.
   *
   * @throws WireException naming the field that is unknown or invalid
   */
  public static ReloadWeightsRequest parse(byte[] json) {
    var fields =
        new Object() {
          UpdateMode mode = UpdateMode.KEEP;
        };
    if (json.length > 0) {
      try (WireReader in = WireReader.strict(json, UpdateWeightsRequest.MAX_BYTES)) {
        in.document(
            name -> {
              if (!name.equals("mode")) {
                throw new WireException("unknown field " + Quoted.of(name));
              }
              if (!in.isNull()) {
                fields.mode = UpdateMode.of(in.text());
              }
            });
      }
    }
    return new ReloadWeightsRequest(fields.mode);
  }
}

package dev.freshet.client;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * The body of {@code POST /update_weights}.
 *
 * @param weightDir the checkpoint directory, as the server sees it
 * @param step the policy version it becomes; empty to take it from the checkpoint's manifest
 * @param mode what happens to running completions
 */
public record UpdateWeightsRequest(String weightDir, OptionalLong step, UpdateMode mode) {
  /**
   * @throws WireException if the directory is empty or the step negative
   */
  public UpdateWeightsRequest {
    if (weightDir.isEmpty() || weightDir.indexOf('\0') >= 0) {
      throw new WireException("weight_dir: expected a directory, got '%s'".formatted(weightDir));
    }
    if (step.isPresent() && step.getAsLong() < 0) {
      throw new WireException("step: expected at least 0, got " + step.getAsLong());
    }
  }

  /**
   * Reads a request body. Without a mode it is {@link UpdateMode#KEEP}.
   *
   * @throws WireException saying which field is missing, unknown or wrong
   */
  public static UpdateWeightsRequest parse(byte[] json) {
    var fields =
        new Object() {
          Optional<String> weightDir = Optional.empty();
          OptionalLong step = OptionalLong.empty();
          UpdateMode mode = UpdateMode.KEEP;
        };
    try (WireReader in = WireReader.strict(json)) {
      in.document(
          name -> {
            if (in.isNull()) {
              return;
            }
            switch (name) {
              case "weight_dir" -> fields.weightDir = Optional.of(in.text());
              case "step" -> fields.step = OptionalLong.of(in.longInteger());
              case "mode" -> fields.mode = UpdateMode.of(in.text());
              case "phase" -> {
                if (!in.text().equals("all")) {
                  throw in.expected("\"all\" (other phases are not supported yet)");
                }
              }
              default -> throw new WireException("unknown field '%s'".formatted(name));
            }
          });
    }
    String weightDir =
        fields.weightDir.orElseThrow(
            () -> new WireException("weight_dir: expected a directory, got nothing"));
    return new UpdateWeightsRequest(weightDir, fields.step, fields.mode);
  }

  /** The request body, UTF-8. */
  public byte[] toJson() {
    return WireWriter.object(
        out -> {
          out.writeStringProperty("weight_dir", weightDir);
          step.ifPresent(number -> out.writeNumberProperty("step", number));
          out.writeStringProperty("mode", mode.wireName());
        });
  }
}

package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The body of {@code POST /update_weights}.
 *
 * @param weightDir the checkpoint directory as the server sees it; required to prepare; with a
 *     commit it must equal the prepared directory
 * @param step the policy version that is prepared, committed or rolled back; empty to take it from
 *     the checkpoint's manifest, or for the version that is prepared or serving
 * @param mode what happens to running completions
 * @param phase how far the update goes
 * @param verify how much of the checkpoint is verified
 * @param force whether a version older than the serving one is accepted
 */
public record UpdateWeightsRequest(
    Optional<String> weightDir,
    OptionalLong step,
    UpdateMode mode,
    UpdatePhase phase,
    VerifyLevel verify,
    boolean force) {
  /** The most bytes of the body of a weight operation. */
  static final int MAX_BYTES = 64 << 10;

  /**
   * @throws WireException if the directory is missing where it is required, empty, or given with a
   *     rollback, or if the step is negative
   */
  public UpdateWeightsRequest {
    UpdateFields.checkDirectory(weightDir);
    boolean prepares = phase == UpdatePhase.ALL || phase == UpdatePhase.PREPARE;
    if (prepares && weightDir.isEmpty()) {
      throw new WireException("weight_dir: expected a directory, got nothing");
    }
    if (phase == UpdatePhase.ROLLBACK && weightDir.isPresent()) {
      throw new WireException(
          "weight_dir: expected none with phase rollback, which restores the previous version");
    }
    UpdateFields.checkStep(step);
  }

  /** A whole update to the checkpoint in {@code weightDir}, fully verified. */
  public static UpdateWeightsRequest of(String weightDir, OptionalLong step, UpdateMode mode) {
    return new UpdateWeightsRequest(
        Optional.of(weightDir), step, mode, UpdatePhase.ALL, VerifyLevel.FULL, false);
  }

  /**
   * Parses a request body. The defaults are mode {@code keep}, phase {@code all}, verify {@code
   * full}, force {@code false}.
   *
   * @throws WireException naming the field that is missing, unknown or invalid
   */
  public static UpdateWeightsRequest parse(byte[] json) {
    UpdateFields fields = new UpdateFields();
    try (WireReader in = WireReader.strict(json, MAX_BYTES)) {
      in.documentWithoutNulls(
          (name, _) -> {
            if (!fields.read(name, in)) {
              throw new WireException("unknown field " + Quoted.of(name));
            }
          });
    }
    return new UpdateWeightsRequest(
        fields.weightDir, fields.step, fields.mode, fields.phase, fields.verify, fields.force);
  }

  /** The request body, UTF-8; fields at their defaults are omitted, except the mode. */
  public byte[] toJson() {
    return WireWriter.object(
        out -> {
          weightDir.ifPresent(dir -> out.writeStringProperty("weight_dir", dir));
          step.ifPresent(number -> out.writeNumberProperty("step", number));
          out.writeStringProperty("mode", mode.wireName());
          if (phase != UpdatePhase.ALL) {
            out.writeStringProperty("phase", phase.wireName());
          }
          if (verify != VerifyLevel.FULL) {
            out.writeStringProperty("verify", verify.wireName());
          }
          if (force) {
            out.writeBooleanProperty("force", true);
          }
        });
  }
}

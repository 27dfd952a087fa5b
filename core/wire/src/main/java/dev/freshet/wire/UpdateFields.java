package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.Optional;
import java.util.OptionalLong;

/** The fields of a weight update that are the same for one server and for a fleet. */
final class UpdateFields {
  Optional<String> weightDir = Optional.empty();
  OptionalLong step = OptionalLong.empty();
  UpdateMode mode = UpdateMode.KEEP;
  UpdatePhase phase = UpdatePhase.ALL;
  VerifyLevel verify = VerifyLevel.FULL;
  boolean force;

  /** Reads the current value as the field {@code name}; false if there is no such field. */
  boolean read(String name, WireReader in) {
    switch (name) {
      case "weight_dir" -> weightDir = Optional.of(in.text());
      case "step" -> step = OptionalLong.of(in.longInteger());
      case "mode" -> mode = UpdateMode.of(in.text());
      case "phase" -> phase = UpdatePhase.of(in.text());
      case "verify" -> verify = VerifyLevel.of(in.text());
      case "force" -> force = in.bool();
      default -> {
        return false;
      }
    }
    return true;
  }

  /**
   * @throws WireException if the directory is empty or cannot be one
   */
  static void checkDirectory(Optional<String> weightDir) {
    weightDir.ifPresent(
        dir -> {
          if (dir.isEmpty() || dir.indexOf('\0') >= 0) {
            throw new WireException("weight_dir: expected a directory, got " + Quoted.of(dir));
          }
        });
  }

  /**
   * @throws WireException if the step is negative
   */
  static void checkStep(OptionalLong step) {
    if (step.isPresent() && step.getAsLong() < 0) {
      throw new WireException("step: expected at least 0, got " + step.getAsLong());
    }
  }
}

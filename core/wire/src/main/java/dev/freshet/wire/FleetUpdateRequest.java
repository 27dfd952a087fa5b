package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The body of {@code POST /update_weights} to a front of a fleet: that of a Freshet server, or of
 * prime-rl, which names a directory alone, or {@code null} for the model that the servers were
 * started with.
 *
 * @param weightDir the checkpoint directory as the servers see it; empty for their own model
 * @param step the policy version; empty if the client does not number its versions
 * @param mode what happens to running completions
 * @param phase how far the update goes
 * @param verify how much of the checkpoint is verified
 * @param force whether a version older than the serving one is accepted
 * @param versionUid prime-rl's name of the version, with which its clients salt the prefix cache
 */
public record FleetUpdateRequest(
    Optional<String> weightDir,
    OptionalLong step,
    UpdateMode mode,
    UpdatePhase phase,
    VerifyLevel verify,
    boolean force,
    Optional<String> versionUid) {
  /** A number at the end of a directory's name, as in {@code step_12} or {@code weight_v000012}. */
  private static final Pattern NUMBER = Pattern.compile("[^0-9]([0-9]{1,18})/*$");

  /**
   * @throws WireException if the directory is empty or cannot be one, or the step is negative
   */
  public FleetUpdateRequest {
    weightDir.ifPresent(
        dir -> {
          if (dir.isEmpty() || dir.indexOf('\0') >= 0) {
            throw new WireException("weight_dir: expected a directory, got " + Quoted.of(dir));
          }
        });
    if (step.isPresent() && step.getAsLong() < 0) {
      throw new WireException("step: expected at least 0, got " + step.getAsLong());
    }
  }

  /**
   * Parses a request body.
   *
   * @throws WireException naming the field that is missing, unknown or invalid
   */
  public static FleetUpdateRequest parse(byte[] json) {
    var fields =
        new Object() {
          boolean named;
          Optional<String> weightDir = Optional.empty();
          OptionalLong step = OptionalLong.empty();
          UpdateMode mode = UpdateMode.KEEP;
          UpdatePhase phase = UpdatePhase.ALL;
          VerifyLevel verify = VerifyLevel.FULL;
          boolean force;
          Optional<String> versionUid = Optional.empty();
        };
    try (WireReader in = WireReader.strict(json, UpdateWeightsRequest.MAX_BYTES)) {
      in.document(
          name -> {
            fields.named |= name.equals("weight_dir");
            if (in.isNull()) {
              return;
            }
            switch (name) {
              case "weight_dir" -> fields.weightDir = Optional.of(in.text());
              case "step" -> fields.step = OptionalLong.of(in.longInteger());
              case "mode" -> fields.mode = UpdateMode.of(in.text());
              case "phase" -> fields.phase = UpdatePhase.of(in.text());
              case "verify" -> fields.verify = VerifyLevel.of(in.text());
              case "force" -> fields.force = in.bool();
              case "version_uid" -> fields.versionUid = in.scalar();
              default -> throw new WireException("unknown field " + Quoted.of(name));
            }
          });
    }
    if (!fields.named) {
      throw new WireException("weight_dir: expected a directory or null, got nothing");
    }
    return new FleetUpdateRequest(
        fields.weightDir,
        fields.step,
        fields.mode,
        fields.phase,
        fields.verify,
        fields.force,
        fields.versionUid);
  }

  /** The policy version: the step, else the number at the end of the directory's name. */
  public OptionalLong version() {
    if (step.isPresent() || weightDir.isEmpty()) {
      return step;
    }
    Matcher number = NUMBER.matcher(weightDir.get());
    return number.find() ? OptionalLong.of(Long.parseLong(number.group(1))) : OptionalLong.empty();
  }
}

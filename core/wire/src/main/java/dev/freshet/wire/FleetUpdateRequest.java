package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An update of a whole fleet, as the clients of each program write it to a front: the body of
 * {@code POST /update_weights} to a Freshet server, or of prime-rl, which names a directory alone,
 * or {@code null} for the model that the servers were started with; that of SGLang's {@code POST
 * /update_weights_from_disk}; that of vLLM's {@code POST /collective_rpc} with {@code
 * reload_weights}.
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
    UpdateFields.checkDirectory(weightDir);
    UpdateFields.checkStep(step);
  }

  /**
   * Parses a request body.
   *
   * @throws WireException naming the field that is missing, unknown or invalid
   */
  public static FleetUpdateRequest parse(byte[] json) {
    UpdateFields update = new UpdateFields();
    var fields =
        new Object() {
          boolean named;
          Optional<String> versionUid = Optional.empty();
        };
    try (WireReader in = WireReader.strict(json, UpdateWeightsRequest.MAX_BYTES)) {
      in.document(
          name -> {
            fields.named |= name.equals("weight_dir");
            if (in.isNull()) {
              return;
            }
            if (name.equals("version_uid")) {
              fields.versionUid = in.scalar();
            } else if (!update.read(name, in)) {
              throw new WireException("unknown field " + Quoted.of(name));
            }
          });
    }
    if (!fields.named) {
      throw new WireException("weight_dir: expected a directory or null, got nothing");
    }
    return new FleetUpdateRequest(
        update.weightDir,
        update.step,
        update.mode,
        update.phase,
        update.verify,
        update.force,
        fields.versionUid);
  }

  /**
   * Parses the body of SGLang's route. Its other fields say how a server loads, which is the
   * fleet's to decide.
   *
   * @throws WireException naming the field that is missing or invalid
   */
  public static FleetUpdateRequest ofSglang(byte[] json) {
    var fields =
        new Object() {
          Optional<String> path = Optional.empty();
          Optional<String> version = Optional.empty();
          boolean abort;
        };
    try (WireReader in = WireReader.strict(json, UpdateWeightsRequest.MAX_BYTES)) {
      in.document(
          name -> {
            switch (name) {
              case "model_path" -> fields.path = Optional.of(in.text());
              case "weight_version" -> fields.version = in.scalar();
              case "abort_all_requests" -> fields.abort = in.bool();
              default -> in.skip();
            }
          });
    }
    if (fields.path.isEmpty()) {
      throw new WireException("model_path: expected a directory, got nothing");
    }
    OptionalLong version =
        fields
            .version
            .filter(text -> text.matches("[0-9]{1,18}"))
            .map(Long::parseLong)
            .map(OptionalLong::of)
            .orElseGet(OptionalLong::empty);
    UpdateMode mode = fields.abort ? UpdateMode.ABORT : UpdateMode.KEEP;
    return whole(fields.path, version.isPresent() ? version : numberOf(fields.path.get()), mode);
  }

  /**
   * Parses the body of vLLM's route; empty if it calls another method than {@code reload_weights}.
   *
   * @throws WireException naming the field that is missing or invalid
   */
  public static Optional<FleetUpdateRequest> ofCollectiveRpc(byte[] json) {
    var fields =
        new Object() {
          String method = "";
          Optional<String> path = Optional.empty();
        };
    try (WireReader in = WireReader.strict(json, UpdateWeightsRequest.MAX_BYTES)) {
      in.document(
          name -> {
            switch (name) {
              case "method" -> fields.method = in.text();
              case "kwargs" ->
                  in.fields(
                      field -> {
                        if (field.equals("weights_path")) {
                          fields.path = in.scalar();
                        } else {
                          in.skip();
                        }
                      });
              default -> in.skip();
            }
          });
    }
    return fields.method.equals("reload_weights")
        ? Optional.of(whole(fields.path, OptionalLong.empty(), UpdateMode.KEEP))
        : Optional.empty();
  }

  /** Of a client that may start again at an old version. */
  private static FleetUpdateRequest whole(
      Optional<String> directory, OptionalLong version, UpdateMode mode) {
    return new FleetUpdateRequest(
        directory, version, mode, UpdatePhase.ALL, VerifyLevel.FULL, true, Optional.empty());
  }

  /** The policy version: the step, else the number at the end of the directory's name. */
  public OptionalLong version() {
    if (step.isPresent() || weightDir.isEmpty()) {
      return step;
    }
    return numberOf(weightDir.get());
  }

  private static OptionalLong numberOf(String directory) {
    Matcher number = NUMBER.matcher(directory);
    return number.find() ? OptionalLong.of(Long.parseLong(number.group(1))) : OptionalLong.empty();
  }
}

package dev.freshet.fleet.dialect;

import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The weights that an update makes replicas serve.
 *
 * @param version the policy version
 * @param directory the checkpoint, as the servers see it; empty for the model that each server was
 *     started with
 * @param mode what happens to running completions
 * @param verify how much of the checkpoint is verified before a server changes
 * @param force whether a version older than the serving one, or other tensors, are accepted
 * @param salted whether every request carries the version that it is sent to as its cache salt, so
 *     that none finds cached prefixes of another version
 * @param attempt tells this update from another one to the same version
 */
public record Target(
    long version,
    Optional<String> directory,
    UpdateMode mode,
    VerifyLevel verify,
    boolean force,
    boolean salted,
    TraceId attempt) {
  private static final char SEPARATOR = '@';

  /** An update to the checkpoint in {@code directory}, fully verified, as a new attempt. */
  public static Target of(long version, String directory, UpdateMode mode) {
    return new Target(
        version, Optional.of(directory), mode, VerifyLevel.FULL, false, false, TraceId.random());
  }

  /** A return to the model that each server was started with, as a new attempt. */
  public static Target base(UpdateMode mode) {
    return new Target(0, Optional.empty(), mode, VerifyLevel.FULL, true, false, TraceId.random());
  }

  /** What a request by hand asks for, which names a directory and a version. */
  public static Target of(UpdateWeightsRequest request) {
    return new Target(
        request.step().orElseThrow(),
        Optional.of(request.weightDir().orElseThrow()),
        request.mode(),
        request.verify(),
        request.force(),
        false,
        TraceId.random());
  }

  /** The whole update as one request, of a target with a directory. */
  public UpdateWeightsRequest request() {
    return new UpdateWeightsRequest(
        directory, OptionalLong.of(version), mode, UpdatePhase.ALL, verify, force);
  }

  /** The same weights again, as a new attempt that any older version gives way to. */
  public Target again() {
    return new Target(version, directory, mode, verify, true, salted, TraceId.random());
  }

  /** The same weights, which the server sees in {@code path}. */
  public Target at(String path) {
    return new Target(version, Optional.of(path), mode, verify, force, salted, attempt);
  }

  /** The same update of servers all of whose requests carry their version as cache salt. */
  public Target ofSaltedRequests() {
    return new Target(version, directory, mode, verify, force, true, attempt);
  }

  /**
   * The name of this version with its attempt, for a program that reports back what it was told: an
   * answer with it can only come from this attempt.
   */
  public String name() {
    return version + String.valueOf(SEPARATOR) + attempt.hex();
  }

  /** The version in a name, which may be without an attempt; empty if it names none. */
  static Optional<Long> version(String name) {
    int end = name.indexOf(SEPARATOR);
    try {
      long version = Long.parseLong(end < 0 ? name : name.substring(0, end));
      return version < 0 ? Optional.empty() : Optional.of(version);
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }
}

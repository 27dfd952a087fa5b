package dev.freshet.engine;

import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** An operation on an engine's weights. */
public sealed interface WeightOperation {
  /** An operation on the weights of the base model, which make a policy version. */
  sealed interface OfBase extends WeightOperation {}

  /**
   * Maps, verifies and builds a checkpoint while decoding continues, and keeps it ready. It
   * replaces a prepared checkpoint that was not committed.
   *
   * @param step the policy version it becomes; empty to take it from the manifest
   * @param force whether a version older than the serving one is allowed
   */
  record Prepare(Path dir, OptionalLong step, VerifyLevel verify, boolean force)
      implements OfBase {}

  /**
   * Swaps in the prepared checkpoint.
   *
   * @param dir the directory that must have been prepared; empty for any
   * @param step the version that must have been prepared; empty for any
   */
  record Commit(Optional<Path> dir, OptionalLong step, UpdateMode mode, boolean force)
      implements OfBase {}

  /** Prepares a checkpoint and swaps it in. */
  record Update(Prepare prepare, UpdateMode mode) implements OfBase {}

  /**
   * Undoes an update: a prepared version is dropped; a serving version is replaced by the version
   * before it.
   *
   * @param step the version to undo; empty for the serving one
   */
  record Rollback(OptionalLong step, UpdateMode mode) implements OfBase {}

  /** Returns to the base model that the engine was started with, and to its policy version. */
  record Reload(UpdateMode mode) implements OfBase {}

  /** An operation on the adapters that requests choose by name. */
  sealed interface OfAdapter extends WeightOperation {}

  /**
   * Loads an adapter in PEFT's format beside the base model.
   *
   * @param name the name by which requests choose it
   */
  record LoadAdapter(String name, Path dir) implements OfAdapter {}

  /** Lets no further request choose an adapter; it is freed when its completions have ended. */
  record UnloadAdapter(String name) implements OfAdapter {}

  /** The operation that a {@code POST /update_weights} requests. */
  static WeightOperation of(UpdateWeightsRequest request) {
    return switch (request.phase()) {
      case ALL -> new Update(prepare(request), request.mode());
      case PREPARE -> prepare(request);
      case COMMIT ->
          new Commit(
              request.weightDir().map(Path::of), request.step(), request.mode(), request.force());
      case ROLLBACK -> new Rollback(request.step(), request.mode());
    };
  }

  private static Prepare prepare(UpdateWeightsRequest request) {
    return new Prepare(
        Path.of(request.weightDir().orElseThrow()),
        request.step(),
        request.verify(),
        request.force());
  }
}

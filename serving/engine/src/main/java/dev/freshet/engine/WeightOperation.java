package dev.freshet.engine;

import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** What an engine may be asked to do with its weights. */
public sealed interface WeightOperation {
  /**
   * Maps, verifies and builds a checkpoint beside decoding, and keeps it ready. It takes the place
   * of what was prepared before and never committed.
   *
   * @param step the policy version it becomes; empty to take it from the manifest
   * @param force whether a version older than the serving one is wanted
   */
  record Prepare(Path dir, OptionalLong step, VerifyLevel verify, boolean force)
      implements WeightOperation {}

  /**
   * Swaps in what was prepared.
   *
   * @param dir the directory that must have been prepared, if the caller says
   * @param step the version that must have been prepared, if the caller says
   */
  record Commit(Optional<Path> dir, OptionalLong step, UpdateMode mode, boolean force)
      implements WeightOperation {}

  /** Prepares a checkpoint and swaps it in. */
  record Update(Prepare prepare, UpdateMode mode) implements WeightOperation {}

  /**
   * Undoes an update: what was prepared is dropped; what serves gives way to the version before it.
   *
   * @param step the version to undo; empty for the one that serves
   */
  record Rollback(OptionalLong step, UpdateMode mode) implements WeightOperation {}

  /** Goes back to the base model the engine was started with, and to its policy version. */
  record Reload(UpdateMode mode) implements WeightOperation {}

  /** What a request of {@code POST /update_weights} asks for. */
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

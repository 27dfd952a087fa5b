package dev.freshet.engine;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelException;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.Manifest;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Loads Hugging Face directories of one architecture: the base model, which may be a plain
 * directory, and published checkpoints.
 */
final class CheckpointSource implements WeightSource<VersionedModel> {
  private final Path baseDir;
  private final ModelConfig config;
  private final DType type;
  private final int maxLength;
  private final MonotonicClock clock;

  /**
   * @param config the base model's configuration, which every checkpoint must match
   * @param type the type that the engine computes in
   */
  CheckpointSource(
      Path baseDir, ModelConfig config, DType type, int maxLength, MonotonicClock clock) {
    this.baseDir = baseDir;
    this.config = config;
    this.type = type;
    this.maxLength = maxLength;
    this.clock = clock;
  }

  @Override
  public long version(Path dir, OptionalLong step) {
    if (!Files.exists(dir.resolve(CheckpointStore.STABLE))) {
      throw conflict(
          Files.isDirectory(dir)
              ? dir + ": no " + CheckpointStore.STABLE + " marker: expected a published checkpoint"
              : dir + ": no such directory: expected a published checkpoint");
    }
    return step.orElseGet(
        () ->
            manifestStep(dir)
                .orElseThrow(
                    () -> conflict(dir + ": no manifest: expected a step in the request")));
  }

  /** The step in a checkpoint's manifest, if it has one. */
  private static OptionalLong manifestStep(Path dir) {
    Path manifest = dir.resolve(Manifest.FILE_NAME);
    try {
      return Files.exists(manifest)
          ? OptionalLong.of(Manifest.read(manifest).step())
          : OptionalLong.empty();
    } catch (CheckpointException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  @Override
  public Loaded<VersionedModel> base() {
    return load(baseDir, manifestStep(baseDir).orElse(0), VerifyLevel.FULL);
  }

  @Override
  public Loaded<VersionedModel> load(Path dir, long version, VerifyLevel verify) {
    try {
      long start = clock.nanos();
      // A plain model directory has no manifest to verify against.
      Checkpoint checkpoint =
          Files.exists(dir.resolve(Manifest.FILE_NAME))
              ? CheckpointStore.openPublished(dir)
              : Checkpoint.open(dir);
      try {
        long mapped = clock.nanos();
        checkpoint.populate();
        long populated = clock.nanos();
        if (verify == VerifyLevel.FULL) {
          checkpoint.verifyContents();
        }
        long verified = clock.nanos();
        ModelConfig found = ConfigJson.read(dir);
        if (!found.interchangeableWith(config)) {
          throw conflict(dir + "/config.json: another architecture: expected that of " + baseDir);
        }
        VersionedModel model = new VersionedModel(version, found, checkpoint, type, maxLength);
        return new Loaded<>(
            model,
            new WeightUpdate.PrepareTimes(
                (mapped - start) / 1e6,
                (populated - mapped) / 1e6,
                (verified - populated) / 1e6,
                clock.millisSince(verified)));
      } catch (RuntimeException e) {
        checkpoint.close();
        throw e;
      }
    } catch (CheckpointException | ModelException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  private static EngineException conflict(String message) {
    return new EngineException(EngineException.Kind.CONFLICT, message);
  }
}
